package arrowipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Batch is a record batch: rows as columns that lie in its bytes.
type Batch struct {
	Number int // in the file, from 0
	Rows   int

	schema       *Schema
	parts        parts
	dictionaries map[int64]*Column // as they stood when it was read
}

// Bytes is the memory that the batch stands in: what Reader.Next was given, or
// more of it.
func (b *Batch) Bytes() []byte { return b.parts.body }

// parts are the parts of a record batch or a dictionary as its metadata have them.
type parts struct {
	metadata *flatbuffer
	body     []byte
	rows     int
	codec    codec

	nodes, buffers, variadics int // where they begin
}

const (
	nodeBytes, bufferBytes, variadicBytes = 16, 16, 8
)

func newBatch(header table, schema *Schema, body []byte) (*Batch, error) {
	p, err := newParts(header, schema.total, body)
	if err != nil {
		return nil, err
	}
	return &Batch{Rows: p.rows, schema: schema, parts: p}, nil
}

// newParts compares the metadata of a RecordBatch with what its schema asks for.
func newParts(header table, want layout, body []byte) (parts, error) {
	p := parts{metadata: header.f, body: body, codec: uncompressed}
	rows := header.long(0)
	if rows < 0 || rows > LimitRows {
		return p, fmt.Errorf("it has %d rows; at most %d are taken", rows, LimitRows)
	}
	p.rows = int(rows)
	var nodes, buffers, variadics int
	p.nodes, nodes = header.vector(1, nodeBytes)
	p.buffers, buffers = header.vector(2, bufferBytes)
	p.variadics, variadics = header.vector(4, variadicBytes)
	if compression, ok := header.table(3); ok {
		p.codec = codec(compression.byte(0))
		if p.codec > zstdCodec || compression.byte(1) != 0 {
			return p, errors.New("it is compressed in a way that is not known; none, lz4_frame and zstd can be read")
		}
	}
	for i := range variadics {
		count := p.metadata.int64(p.variadics + i*variadicBytes)
		if count < 0 || count > int64(buffers) {
			return p, errDamaged
		}
		want.buffers += int(count)
	}
	if p.metadata.damaged || nodes != want.nodes || buffers != want.buffers || variadics != want.variadics {
		return p, errDamaged
	}
	return p, nil
}

// buffer is the bytes of a buffer, as they stand in the body.
func (p *parts) buffer(i int) ([]byte, error) {
	offset, length := p.metadata.int64(p.buffers+i*bufferBytes), p.metadata.int64(p.buffers+i*bufferBytes+8)
	if length == 0 {
		return nil, nil
	}
	if offset < 0 || length < 0 || offset > int64(len(p.body)) || length > int64(len(p.body))-offset {
		return nil, errors.New("it is damaged: a buffer does not lie inside its message")
	}
	return p.body[offset:][:length:length], nil
}

// Column is a column of a record batch, or the entries of a dictionary. It
// holds views of the bytes that were read, or of an Inflater's memory.
type Column struct {
	Type Type // of the values; of the entries where there are Entries
	Rows int
	// Entries is the dictionary that the rows have indexes into, nil where they
	// have values themselves. Those of one dictionary are the same as long as the
	// dictionary is.
	Entries *Column

	validity []byte // a bit for each row; nil where all have values
	values   []byte // or indexes, or views
	index    Type
	offsets  []byte
	data     [][]byte
}

// Column loads a column by its place in the schema, which Reader.Want was told.
// What is compressed stands in the memory of the inflater.
func (b *Batch) Column(field int, inflater *Inflater) (*Column, error) {
	f := &b.schema.Fields[field]
	c := &Column{Type: f.Type, Rows: b.Rows}
	buffer := f.buffer
	for i := range f.variadic {
		buffer += int(b.parts.metadata.int64(b.parts.variadics + i*variadicBytes))
	}
	stored := f.Type
	if f.HasDictionary {
		if c.Entries = b.dictionaries[f.Dictionary]; c.Entries == nil {
			return nil, errors.New("its dictionary does not come before it")
		}
		stored, c.index = f.Index, f.Index
	}
	return c, c.load(&b.parts, stored, f, buffer, inflater)
}

// load finds the buffers of a column and checks that they are as long as the
// rows ask for. stored is the type of what stands in each row.
func (c *Column) load(p *parts, stored Type, f *Field, buffer int, inflater *Inflater) error {
	node := p.nodes + f.node*nodeBytes
	if length := p.metadata.int64(node); length != int64(c.Rows) {
		return fmt.Errorf("it is damaged: it has %d values for %d rows", length, c.Rows)
	}
	nulls := p.metadata.int64(node + 8)
	if stored.Kind == Null {
		return nil
	}
	next := func(bytes int) (loaded []byte, err error) {
		if loaded, err = p.buffer(buffer); err == nil {
			loaded, err = inflater.inflate(p.codec, loaded)
		}
		if err == nil && len(loaded) < bytes {
			err = fmt.Errorf("it is damaged: a buffer of %d bytes has only %d", bytes, len(loaded))
		}
		buffer++
		return loaded, err
	}
	bitmap := (c.Rows + 7) / 8
	validity := 0
	if nulls != 0 {
		validity = bitmap
	}
	var err error
	if c.validity, err = next(validity); err != nil {
		return err
	}
	if nulls == 0 {
		c.validity = nil
	} else if err := c.checkNulls(nulls); err != nil {
		return err
	}
	switch stored.Kind {
	case Boolean:
		c.values, err = next(bitmap)
	case Text:
		offsets := 0
		if c.Rows > 0 {
			offsets = (c.Rows + 1) * stored.Bytes
		}
		if c.offsets, err = next(offsets); err != nil {
			return err
		}
		c.data = make([][]byte, 1)
		c.data[0], err = next(0)
	case View:
		if c.values, err = next(c.Rows * viewBytes); err != nil {
			return err
		}
		count := int(p.metadata.int64(p.variadics + f.variadic*variadicBytes))
		c.data = make([][]byte, count)
		for i := range c.data {
			if c.data[i], err = next(0); err != nil {
				return err
			}
		}
	case Other:
		return fmt.Errorf("values of type %s cannot be read", stored.Name)
	default:
		c.values, err = next(c.Rows * stored.Bytes)
	}
	return err
}

// checkNulls compares the nulls that the metadata tell with those of the bitmap.
func (c *Column) checkNulls(told int64) error {
	valid := 0
	whole := c.Rows / 8
	bitmap := c.validity[:whole]
	for len(bitmap) >= 8 {
		valid += bits.OnesCount64(binary.LittleEndian.Uint64(bitmap))
		bitmap = bitmap[8:]
	}
	for _, b := range bitmap {
		valid += bits.OnesCount8(b)
	}
	if rest := c.Rows % 8; rest > 0 {
		valid += bits.OnesCount8(c.validity[whole] & (1<<rest - 1))
	}
	// A count below zero is one that the writer does not tell.
	if nulls := int64(c.Rows - valid); told >= 0 && told != nulls {
		return fmt.Errorf("it is damaged: it has %d nulls, and %d in its metadata", nulls, told)
	}
	return nil
}

// readDictionary reads a dictionary, or what is added to one. Rows that were
// read before keep what they had.
func (r *Reader) readDictionary(m *message) error {
	id, isDelta := m.header.long(0), m.header.bool(2)
	var of *Field
	for i := range r.schema.Fields {
		if f := &r.schema.Fields[i]; r.wanted[i] && f.HasDictionary && f.Dictionary == id {
			of = f
			break
		}
	}
	if of == nil {
		return r.skip(m.body)
	}
	problem := func(err error) error { return fmt.Errorf("the dictionary of column %s: %w", of.Name, err) }
	header, ok := m.header.table(1)
	if !ok {
		return problem(errDamaged)
	}
	body, err := r.readBody(m.body, nil)
	if err != nil {
		return err
	}
	entries := Field{Type: of.Type, layout: layout{nodes: 1}}
	switch of.Type.Kind {
	case Other:
		return problem(fmt.Errorf("entries of type %s cannot be read", of.Type.Name))
	case Null:
	case Text:
		entries.layout.buffers = 3
	case View:
		entries.layout.buffers, entries.layout.variadics = 2, 1
	default:
		entries.layout.buffers = 2
	}
	p, err := newParts(header, entries.layout, body)
	if err != nil {
		return problem(err)
	}
	column := &Column{Type: of.Type, Rows: p.rows}
	var inflater Inflater // its memory is the dictionary's
	defer inflater.Close()
	if err := column.load(&p, of.Type, &entries, 0, &inflater); err != nil {
		return problem(err)
	}
	before := r.dictionaries[id]
	switch {
	case before == nil:
	case isDelta:
		if column, err = before.and(column); err != nil {
			return problem(err)
		}
	case r.footer != nil:
		return problem(errors.New("it is damaged: a file has one, which can only be added to"))
	}
	r.dictionaries[id] = column
	return nil
}

// and is a dictionary with more entries.
func (c *Column) and(more *Column) (*Column, error) {
	if c.Rows+more.Rows > LimitRows {
		return nil, fmt.Errorf("it has more than %d entries", LimitRows)
	}
	all := &Column{Type: c.Type, Rows: c.Rows + more.Rows}
	if c.validity != nil || more.validity != nil {
		all.validity = appendBits(appendBits(nil, 0, c.validity, c.Rows), c.Rows, more.validity, more.Rows)
	}
	switch c.Type.Kind {
	case Null:
	case Boolean:
		all.values = appendBits(appendBits(nil, 0, c.values, c.Rows), c.Rows, more.values, more.Rows)
	case Text, View:
		var texts [2]Texts
		total := 0
		for i, part := range [...]*Column{c, more} {
			if err := part.Texts(0, part.Rows, nil, &texts[i]); err != nil {
				return nil, err
			}
			total += len(texts[i].Data)
		}
		if total > LimitBody {
			return nil, fmt.Errorf("its texts have more than %d bytes", LimitBody)
		}
		data := append(texts[0].Data[:len(texts[0].Data):len(texts[0].Data)], texts[1].Data...)
		all.Type.Kind, all.Type.Bytes = Text, 4
		all.data = [][]byte{data}
		all.offsets = make([]byte, 0, 4*(all.Rows+1))
		for _, offset := range texts[0].Offsets {
			all.offsets = binary.LittleEndian.AppendUint32(all.offsets, offset)
		}
		for _, offset := range texts[1].Offsets[1:] {
			all.offsets = binary.LittleEndian.AppendUint32(all.offsets, uint32(len(texts[0].Data))+offset)
		}
	default:
		width := c.Type.Bytes
		all.values = append(c.values[:c.Rows*width:c.Rows*width], more.values[:more.Rows*width]...)
	}
	return all, nil
}

// appendBits appends count bits to a bitmap that has as many as at; nil stands
// for bits that are all set.
func appendBits(dst []byte, at int, src []byte, count int) []byte {
	for i := range count {
		if (at+i)%8 == 0 {
			dst = append(dst, 0)
		}
		if src == nil || src[i/8]>>(i%8)&1 != 0 {
			dst[(at+i)/8] |= 1 << ((at + i) % 8)
		}
	}
	return dst
}
