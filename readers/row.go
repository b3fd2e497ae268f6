package readers

import (
	"context"
	"errors"
	"fmt"

	"github.com/avstam/avstam/pipeline"
)

// ErrNoRow says that a file has fewer rows than the one that is asked for.
var ErrNoRow = errors.New("it has no such row")

// errReadOnce says that standard input and pipes are not read again.
var errReadOnce = errors.New("it can be read only once")

// errFound ends the cutting of a file; it is never returned.
var errFound = errors.New("the row has been found")

// skipper is a piece that can pass over rows that nobody wants.
type skipper interface {
	pipeline.Piece
	// skip passes over rows at the start of the piece, at most as many as told, as
	// far as that is quicker than reading them. It says how many, and whether they
	// were all of the piece, of which Next is then not asked.
	skip(rows int64) (skipped int64, all bool)
}

// ReadRow reads one row of the source's file, of which there is one alone; the
// first is 1. It hands use the batch that the row is in, and its place there;
// both are good until use returns, whose error is returned as it is. Row groups
// and record batches before it are passed over unread, and rows of text are
// split and no more. The error is ErrNoRow, wrapped, where the file has fewer.
func ReadRow(ctx context.Context, source Source, row int64, dictionaries *pipeline.Dictionaries, use func(b *pipeline.Batch, place int32) error) error {
	if err := source.check(recordColumns[:]); err != nil {
		return err
	}
	paths, err := Expand(ctx, source.Files)
	switch {
	case err != nil:
		return err
	case len(paths) != 1:
		return fmt.Errorf("cannot read a row of %d files", len(paths))
	}
	path := paths[0]
	if _, isStream, err := statInput(path); err != nil || isStream {
		if err == nil {
			err = errReadOnce
		}
		return cannotRead(pathText(path), err)
	}
	file, err := describe(path, 0)
	if err != nil {
		return err
	}
	open := openCSVRecords
	switch file.Format {
	case FormatParquet:
		open = openParquetRecords
	case FormatArrow:
		open = openArrowRecords
	}
	options := &Options{Dictionaries: dictionaries, Workers: 1}
	options.takeMemory()
	opened, err := openInFolders(file, recordColumns[:], &source, func(source *Source) (recordFile, error) {
		return open(file, 0, source, options)
	})
	if err != nil {
		return err
	}
	defer func() { _ = opened.close() }() // only read from

	left := row - 1 // before the row
	err = opened.cut(ctx, func(piece pipeline.Piece) error {
		defer piece.Close()
		skipped, all := piece.(skipper).skip(left)
		if left -= skipped; all {
			return nil
		}
		var batch pipeline.Batch
		for {
			more, err := piece.Next(&batch)
			switch {
			case err != nil:
				return err
			case !more:
				return nil
			case left >= 0 && left < int64(batch.Rows):
				if err := use(&batch, int32(left)); err != nil {
					return err
				}
				return errFound
			}
			left -= int64(batch.Rows)
		}
	})
	switch {
	case errors.Is(err, errFound):
		return nil
	case err == nil:
		return cannotRead(path, ErrNoRow)
	}
	return err
}

// skip splits rows, a batch at a time, and takes nothing from them.
func (p *csvPiece) skip(rows int64) (skipped int64, all bool) {
	p.begin()
	for {
		n, next, data := p.filler.split(&p.file.grammar, &p.block, p.at)
		p.block.data = data[:len(p.block.data)] // it may have grown
		if n == 0 || skipped+int64(n) > rows {
			return skipped, n == 0 && p.filler.broken.lines == 0
		}
		p.at = next
		p.row += int64(n)
		skipped += int64(n)
	}
}

// skip passes over a row group that does not have the row after them.
func (p *parquetPiece) skip(rows int64) (skipped int64, all bool) {
	if p.left > rows {
		return 0, false
	}
	return p.left, true
}

// skip passes over the rows of a record batch that does not have the row after them.
func (p *arrowPiece) skip(rows int64) (skipped int64, all bool) {
	if int64(p.rows) > rows {
		return 0, false
	}
	return int64(p.rows), true
}
