package report

import "strconv"

// columnChart is a chart with a column for each row of a table. Across it is
// measured in percent of its width, so that its texts are as large on a phone as
// on a wall; in height in pixels.
type columnChart struct {
	ID, Title, Description string
	Columns                []chartColumn
	Lines                  []chartLine
	Labels                 []chartLabel
}

type chartColumn struct {
	X, Width  string // percent
	Y, Height int    // pixels
	Text      string
	Hidden    bool
}

type chartLine struct {
	Y    int
	Text string
}

type chartLabel struct{ X, Text string }

const (
	chartTop    = 16 // pixels
	chartBottom = 176
	chartLeft   = 14.0 // percent: room for the numbers of the lines
	chartRight  = 93.0 // room for half of the last label
	chartLabels = 4    // at most, so that they do not meet on a phone
	chartLines  = 4    // at most, beside that of 0
	widest      = 6.0  // of columns, percent
)

// columnChart is the chart of a table by month; nil where it would show nothing.
func (l *pageLanguage) columnChart(table *pageTable) *columnChart {
	chart := &columnChart{ID: table.ID + "-chart", Title: l.text(table.Title)}
	var highest int64
	var most *pageRow
	for i := range table.Rows {
		if row := &table.Rows[i]; !row.Figure.hidden && row.Figure.count > highest {
			highest, most = row.Figure.count, row
		}
	}
	if most == nil {
		return nil
	}
	chart.Description = l.text("From %s to %s. The most are in %s: %s.", table.Rows[0].Name, table.Rows[len(table.Rows)-1].Name, most.Name, l.number(highest))
	step := stepOf(highest)
	top := max(step, (highest+step-1)/step*step)
	for value := int64(0); value <= top; value += step {
		chart.Lines = append(chart.Lines, chartLine{Y: chartBottom - int((chartBottom-chartTop)*value/top), Text: l.number(value)})
	}
	slot := (chartRight - chartLeft) / float64(max(len(table.Rows), 1))
	width := min(slot*0.72, widest)
	every := (len(table.Rows) + chartLabels - 1) / chartLabels
	for i, row := range table.Rows {
		middle := chartLeft + slot*(float64(i)+0.5)
		column := chartColumn{X: percent(middle - width/2), Width: percent(width), Hidden: row.Figure.hidden}
		if !column.Hidden {
			column.Height = int((chartBottom - chartTop) * row.Figure.count / top)
			if row.Figure.count > 0 {
				column.Height = max(1, column.Height)
			}
			column.Text = row.Name + ": " + l.number(row.Figure.count)
		} else {
			column.X, column.Height = percent(middle), 0
		}
		column.Y = chartBottom - column.Height
		chart.Columns = append(chart.Columns, column)
		if i%every == 0 {
			chart.Labels = append(chart.Labels, chartLabel{X: percent(middle), Text: row.Name})
		}
	}
	return chart
}

func percent(value float64) string { return strconv.FormatFloat(value, 'f', 2, 64) + "%" }

// stepOf is the distance of lines in a chart up to a value: 1, 2 or 5 times a
// power of ten.
func stepOf(highest int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, step := range []int64{power, 2 * power, 5 * power} {
			if highest <= step*chartLines || step > 1<<59 {
				return step
			}
		}
	}
}
