package readers

import "context"

// nearRanges is how many unwanted bytes may lie between two wanted ranges of an object
// that one request fetches: it costs less than another request.
const nearRanges = 256 << 10

// eachFetched has the wanted ranges of each row group fetched from object storage,
// those that lie near each other by one request, and tells of them. An object that
// is not the one whose metadata were read is refused by the request itself.
func (b *parquetBytes) eachFetched(ctx context.Context, ranges [][]byteRange, use func(rowGroupBytes) error) error {
	for i := range ranges {
		ranges[i] = joinNear(ranges[i])
	}
	start, end := b.span()
	size := end - start
	err := b.eachHeld(ctx, ranges, use, func(r byteRange, p []byte) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if _, err := b.parquet.handle.ReadAt(p, r.start); err != nil {
			return cannotRead(b.parquet.path, err)
		}
		size -= int64(len(p))
		b.tell(int64(len(p)))
		return nil
	})
	if err == nil {
		b.tell(size) // what nobody wanted
	}
	return err
}

// joinNear joins ranges, which ascend, across what little lies between them.
func joinNear(ranges []byteRange) []byteRange {
	var joined []byteRange
	held := 0
	for _, r := range ranges {
		if last := len(joined) - 1; last >= 0 && r.start-joined[last].end <= nearRanges {
			held += int(r.end - joined[last].end)
			joined[last].end = r.end
			continue
		}
		joined = append(joined, byteRange{start: r.start, end: r.end, held: held})
		held += int(r.end - r.start)
	}
	return joined
}
