package report

import (
	"bytes"
	"strconv"

	"github.com/avstam/avstam/calendar"
)

// appendHeader appends the line of column names, and what comes before it.
func appendHeader[Row any](dst []byte, style *csvStyle, columns []column[Row]) []byte {
	dst = append(dst, style.begin...)
	for i := range columns {
		if i > 0 {
			dst = append(dst, style.delimiter)
		}
		dst = append(dst, columns[i].name...)
	}
	return append(dst, style.lineEnd...)
}

// appendLine appends a row as RFC 4180 has it, but for the line end. A text that a
// spreadsheet would take for something else is guarded; see csvStyle.
func appendLine[Row any](dst []byte, style *csvStyle, columns []column[Row], t *texts, row *Row) []byte {
	for i := range columns {
		if i > 0 {
			dst = append(dst, style.delimiter)
		}
		c := &columns[i]
		switch c.shape {
		case asCategory:
			dst = style.appendCell(dst, c.categoryOf(t, row), c.isDated)
		case asText:
			start := len(dst)
			dst = c.text(dst, row)
			if style.isExcel && c.isNumber {
				dst = hyphenate(dst, start)
			}
			if cell := dst[start:]; style.needsGuard(cell, c.isDated) || style.needsQuotes(cell) {
				dst = style.appendCell(dst[:start], bytes.Clone(cell), c.isDated)
			}
		default:
			if value, ok := c.numberOf(row); ok {
				dst = style.appendNumber(dst, c.shape, value)
			}
		}
	}
	return append(dst, style.lineEnd...)
}

func (s *csvStyle) appendNumber(dst []byte, shape shape, value int64) []byte {
	switch shape {
	case asDay:
		return calendar.Day(value).AppendText(dst)
	case asDecimal:
		return appendDecimal(dst, value, s.decimal)
	case asBoolean:
		return strconv.AppendBool(dst, value != 0)
	}
	return strconv.AppendInt(dst, value, 10)
}

// appendDecimal appends öre as kronor with two decimals.
func appendDecimal(dst []byte, ore int64, decimal byte) []byte {
	magnitude := uint64(ore)
	if ore < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	dst = strconv.AppendUint(dst, magnitude/100, 10)
	return append(dst, decimal, byte('0'+magnitude/10%10), byte('0'+magnitude%10))
}

// appendCell appends a text, guarded and in quotes where it needs that.
func (s *csvStyle) appendCell(dst, cell []byte, isDated bool) []byte {
	guarded := s.needsGuard(cell, isDated)
	if s.needsQuotes(cell) {
		return appendQuoted(dst, cell, guarded)
	}
	if guarded {
		dst = append(dst, guardMark)
	}
	return append(dst, cell...)
}

func (s *csvStyle) needsQuotes(cell []byte) bool {
	for _, c := range cell {
		if c == s.delimiter || c == '"' || c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}

func appendQuoted(dst, cell []byte, guarded bool) []byte {
	dst = append(dst, '"')
	if guarded {
		dst = append(dst, guardMark)
	}
	for _, c := range cell {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
