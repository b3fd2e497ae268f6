package report

import (
	"encoding/binary"
	"iter"

	"github.com/avstam/avstam/pipeline"
	"github.com/avstam/avstam/storage"
)

// Reject is one row of rejects: a row of a file that is no record.
type Reject struct {
	File       int    // place in the run's files
	Row        int64  // in the file; the first is 1
	Line       int64  // of the text file, from 1; 0 where there are no lines
	ByteOffset int64  // of the row in the decompressed file; -1 where it is not known
	Column     string // canonical name; empty where the whole row is at fault
	Reason     pipeline.RejectReason
	HasAmount  bool // Amount and Currency could be read
	Amount     int64
	Currency   uint16 // number of the run's dictionary
	Raw        []byte // the row or the value as it stands; good until the reject is filled again
}

// AppendPacked appends the reject as bytes for Unpack.
func (r *Reject) AppendPacked(dst []byte) []byte {
	hasAmount := byte(0)
	if r.HasAmount {
		hasAmount = 1
	}
	dst = append(dst, byte(r.Reason), hasAmount)
	dst = binary.AppendUvarint(dst, uint64(r.File))
	dst = binary.AppendUvarint(dst, uint64(r.Row))
	dst = binary.AppendUvarint(dst, uint64(r.Line))
	dst = binary.AppendUvarint(dst, zigzag(r.ByteOffset))
	dst = binary.AppendUvarint(dst, uint64(len(r.Column)))
	dst = append(dst, r.Column...)
	dst = binary.AppendUvarint(dst, zigzag(r.Amount))
	dst = binary.AppendUvarint(dst, uint64(r.Currency))
	return appendText(dst, r.Raw)
}

// Unpack fills the reject with the first of src and returns what follows it.
// Raw points into src. The error is about a damaged temporary file.
func (r *Reject) Unpack(src []byte) (rest []byte, err error) {
	u := unpacker{rest: src}
	r.Reason = pipeline.RejectReason(u.byte())
	r.HasAmount = u.byte() != 0
	r.File = int(u.uvarint())
	r.Row = int64(u.uvarint())
	r.Line = int64(u.uvarint())
	r.ByteOffset = u.varint()
	// The rows of a bad file all fail in the same column.
	if column := u.text(); string(column) != r.Column {
		r.Column = string(column)
	}
	r.Amount = u.varint()
	r.Currency = uint16(u.uvarint())
	r.Raw = u.text()
	if u.failed {
		return nil, errPacked
	}
	return u.rest, nil
}

// PackedRejects are the rejects that lie packed in a spill. Each is good until the
// next; the error, with which they end, is that of the temporary file.
func PackedRejects(spill *storage.Spill, extents []storage.Extent) iter.Seq2[*Reject, error] {
	return func(yield func(*Reject, error) bool) {
		var buffer []byte
		var err error
		var reject Reject
		for _, extent := range extents {
			if buffer, err = spill.Read(extent, buffer); err != nil {
				yield(nil, err)
				return
			}
			for rest := buffer; len(rest) > 0; {
				if rest, err = reject.Unpack(rest); err != nil {
					yield(nil, err)
					return
				}
				if !yield(&reject, nil) {
					return
				}
			}
		}
	}
}
