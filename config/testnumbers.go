package config

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"

	"github.com/avstam/avstam/disk"
	"github.com/avstam/avstam/identity"
)

// limitTestNumbers bounds the list of test numbers; the official lists have
// some forty thousand.
const limitTestNumbers = 1 << 20

// readTestNumbers reads a list of test numbers, one of twelve digits a line,
// with blank lines and comments after #. The numbers come in ascending order,
// each once. Errors name file and line, never what stands there.
func readTestNumbers(path string) ([]identity.Number, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the test numbers %s: %w", path, disk.Reason(err))
	}
	defer file.Close()
	var numbers []identity.Number
	lines := bufio.NewScanner(file)
	line := 0
	for lines.Scan() {
		line++
		text, _, _ := bytes.Cut(lines.Bytes(), []byte("#"))
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		parsed := identity.Parse(text)
		number := parsed.Number()
		switch {
		case parsed.Ten:
			return nil, fmt.Errorf("%s:%d: want a number of twelve digits, found ten", path, line)
		case parsed.Fault != identity.NoFault:
			return nil, fmt.Errorf("%s:%d: want a number of twelve digits, found one with the fault %s", path, line, parsed.Fault)
		case number == 0:
			return nil, fmt.Errorf("%s:%d: want a personal or coordination number, found one of kind %s", path, line, parsed.Kind)
		case len(numbers) == limitTestNumbers:
			return nil, fmt.Errorf("%s:%d: more than %d test numbers", path, line, limitTestNumbers)
		}
		numbers = append(numbers, number)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cannot read the test numbers: %s:%d: %w", path, line+1, err)
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("%s has no test numbers", path)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}
