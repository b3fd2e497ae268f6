package storage

// Merge merges runs that are sorted: it calls use with the run whose head is the least
// of all, again and again until all are at their end. next moves a run to its first
// head and on, and reports false at its end. The error is that of next or of use.
func Merge[Run any](runs []Run, compare func(a, b Run) int, next func(Run) (bool, error), use func(Run) error) error {
	var heap []Run // by their heads, the least on top
	down := func(i int) {
		for child := 2*i + 1; child < len(heap); child = 2*i + 1 {
			if child+1 < len(heap) && compare(heap[child+1], heap[child]) < 0 {
				child++
			}
			if compare(heap[child], heap[i]) >= 0 {
				return
			}
			heap[i], heap[child] = heap[child], heap[i]
			i = child
		}
	}
	for _, run := range runs {
		more, err := next(run)
		if err != nil {
			return err
		}
		if more {
			heap = append(heap, run)
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		down(i)
	}
	for len(heap) > 0 {
		if err := use(heap[0]); err != nil {
			return err
		}
		more, err := next(heap[0])
		if err != nil {
			return err
		}
		if !more {
			last := len(heap) - 1
			heap[0] = heap[last]
			heap = heap[:last]
		}
		down(0)
	}
	return nil
}
