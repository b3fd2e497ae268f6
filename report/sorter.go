package report

import (
	"cmp"
	"encoding/binary"

	"github.com/avstam/avstam/storage"
)

const (
	// sorterEntries is how many entries a sorter keeps in memory: 24 MiB.
	sorterEntries = storage.SorterEntries
	entryBytes    = 24
)

// entry is what a sorter sorts, by its three parts in their order.
type entry struct{ first, second, third uint64 }

func compareEntries(a, b entry) int {
	// The first part mostly decides.
	if a.first != b.first {
		return cmp.Compare(a.first, b.first)
	}
	if a.second != b.second {
		return cmp.Compare(a.second, b.second)
	}
	return cmp.Compare(a.third, b.third)
}

var entryForm = &storage.Form[entry]{
	Bytes: entryBytes,
	Append: func(dst []byte, e entry) []byte {
		dst = binary.BigEndian.AppendUint64(dst, e.first)
		dst = binary.BigEndian.AppendUint64(dst, e.second)
		return binary.BigEndian.AppendUint64(dst, e.third)
	},
	Read: func(b []byte) entry {
		return entry{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}
	},
	Compare: compareEntries,
}

func newSorter(spill *storage.Spill, limit int) *storage.Sorter[entry] {
	return storage.NewSorter(spill, entryForm, limit)
}
