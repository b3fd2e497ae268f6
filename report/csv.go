package report

import (
	"bytes"
	"strconv"

	"github.com/avstam/avstam/calendar"
)

// appendHeader appends the line of column names.
func appendHeader[Row any](dst []byte, columns []column[Row]) []byte {
	for i := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, columns[i].name...)
	}
	return append(dst, '\n')
}

// appendLine appends a row as RFC 4180 has it, but with LF. Values stand exactly
// as they are: days as 2006-01-02, amounts with two decimals, and a text that
// begins with a sign is not altered for the sake of spreadsheets.
func appendLine[Row any](dst []byte, columns []column[Row], t *texts, row *Row) []byte {
	for i := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		c := &columns[i]
		switch c.shape {
		case asCategory:
			dst = appendCell(dst, c.categoryOf(t, row))
		case asText:
			start := len(dst)
			dst = c.text(dst, row)
			if needsQuotes(dst[start:]) {
				cell := bytes.Clone(dst[start:])
				dst = appendQuoted(dst[:start], cell)
			}
		default:
			if value, ok := c.numberOf(row); ok {
				dst = appendNumberCell(dst, c.shape, value)
			}
		}
	}
	return append(dst, '\n')
}

func appendNumberCell(dst []byte, s shape, value int64) []byte {
	switch s {
	case asDay:
		return calendar.Day(value).AppendText(dst)
	case asDecimal:
		return appendDecimal(dst, value)
	case asBoolean:
		return strconv.AppendBool(dst, value != 0)
	}
	return strconv.AppendInt(dst, value, 10)
}

// appendDecimal appends öre as kronor with two decimals.
func appendDecimal(dst []byte, ore int64) []byte {
	magnitude := uint64(ore)
	if ore < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	dst = strconv.AppendUint(dst, magnitude/100, 10)
	return append(dst, '.', byte('0'+magnitude/10%10), byte('0'+magnitude%10))
}

func appendCell(dst, cell []byte) []byte {
	if needsQuotes(cell) {
		return appendQuoted(dst, cell)
	}
	return append(dst, cell...)
}

func needsQuotes(cell []byte) bool {
	for _, c := range cell {
		if c == ',' || c == '"' || c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}

func appendQuoted(dst, cell []byte) []byte {
	dst = append(dst, '"')
	for _, c := range cell {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
