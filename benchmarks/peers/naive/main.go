// Naive is the job as one writes it in an afternoon: encoding/csv, a map of
// slices, structs and strings, and nothing but the standard library. It is what
// avstam is compared with to see what its shape buys over the language alone.
//
//	naive RECORDS.csv REGISTER.csv FINDINGS.csv
package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"time"
)

// entry is what the register says of a number from a day on.
type entry struct {
	Status        string
	StatusFrom    time.Time
	IdentityLevel string
	LinkedNumber  string
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "naive RECORDS.csv REGISTER.csv FINDINGS.csv")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "naive:", err)
		os.Exit(1)
	}
}

func run(records, register, findings string) error {
	entries, err := readRegister(register)
	if err != nil {
		return err
	}
	input, err := os.Open(records)
	if err != nil {
		return err
	}
	defer input.Close()
	output, err := os.Create(findings)
	if err != nil {
		return err
	}
	if err := check(input, output, entries); err != nil {
		return errors.Join(err, output.Close())
	}
	return output.Close()
}

// readRegister reads an extract in CSV, as gen.sql and export.sql write it.
func readRegister(path string) (map[string][]entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader, column, err := open(file)
	if err != nil {
		return nil, err
	}
	entries := map[string][]entry{}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		from, err := time.Parse(time.DateOnly, row[column["status_from"]])
		if err != nil {
			return nil, err
		}
		number := row[column["number"]]
		entries[number] = append(entries[number], entry{
			Status: row[column["status"]], StatusFrom: from,
			IdentityLevel: row[column["identity_level"]], LinkedNumber: row[column["linked_number"]],
		})
	}
	for _, history := range entries {
		sort.Slice(history, func(i, j int) bool { return history[i].StatusFrom.Before(history[j].StatusFrom) })
	}
	return entries, nil
}

// open reads the header: the columns' places by name.
func open(input io.Reader) (*csv.Reader, map[string]int, error) {
	reader := csv.NewReader(bufio.NewReader(input))
	header, err := reader.Read()
	if err != nil {
		return nil, nil, err
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	return reader, column, nil
}

func check(input io.Reader, output io.Writer, entries map[string][]entry) error {
	reader, column, err := open(input)
	if err != nil {
		return err
	}
	writer := csv.NewWriter(output)
	if err := writer.Write([]string{"record_id", "agency", "identity_number", "payment_date", "amount", "payment_type", "status", "status_from", "identity_level", "linked_number", "rule"}); err != nil {
		return err
	}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		given := row[column["identity_number"]]
		date, err := time.Parse(time.DateOnly, row[column["payment_date"]])
		if err != nil {
			return err
		}
		rule, evidence := judge(given, date, entries)
		if rule == "" {
			continue
		}
		from := ""
		if evidence.Status != "" {
			from = evidence.StatusFrom.Format(time.DateOnly)
		}
		if err := writer.Write([]string{
			row[column["record_id"]], row[column["agency"]], given, row[column["payment_date"]], row[column["amount"]], row[column["payment_type"]],
			evidence.Status, from, evidence.IdentityLevel, evidence.LinkedNumber, rule,
		}); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}

// judge is the rule that finds a record, or none, and the entry in force.
func judge(given string, date time.Time, entries map[string][]entry) (rule string, inForce entry) {
	number, ok := twelve(given)
	if !ok || !valid(number) {
		return "malformed_number", inForce
	}
	history, known := entries[number]
	if !known {
		return "unknown_number", inForce
	}
	for _, e := range history {
		if !e.StatusFrom.After(date) {
			inForce = e
		}
	}
	switch {
	case inForce.Status == "inactive":
		return "inactive_number", inForce
	case inForce.Status == "closed":
		return "closed_number", inForce
	case inForce.Status == "deregistered" && inForce.StatusFrom.Before(date):
		return "deceased_payee", inForce
	}
	return "", inForce
}

// twelve is the number in twelve digits, without a separator.
func twelve(given string) (string, bool) {
	switch len(given) {
	case 12:
		return given, true
	case 13:
		return given[:8] + given[9:], true
	case 11:
		century := "19"
		if given[:2] <= "25" {
			century = "20"
		}
		return century + given[:6] + given[7:], true
	}
	return "", false
}

// valid is whether twelve digits have a month, a day and the right check digit.
func valid(number string) bool {
	sum := 0
	for i, c := range number {
		if c < '0' || c > '9' {
			return false
		}
		if i < 2 {
			continue
		}
		digit := int(c - '0')
		if i%2 == 0 {
			digit *= 2
			if digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	month := int(number[4]-'0')*10 + int(number[5]-'0')
	day := (int(number[6]-'0')*10 + int(number[7]-'0')) % 60
	return sum%10 == 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}
