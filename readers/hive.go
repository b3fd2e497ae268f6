package readers

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Data sets are often cut into folders that are named after a column and the
// value that all records in them have, as agency=csn/month=2025-10. Hive wrote
// them first; Spark and DuckDB write and read the same.
// https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-PartitionedTables

// missingFolderValue stands in a folder's name for a value that is missing.
const missingFolderValue = "__HIVE_DEFAULT_PARTITION__"

// limitFolders bounds how deep such folders are entered, so that a link to a
// folder above ends.
const limitFolders = 16

// FolderKey is what a folder named key=value says of the files in it.
type FolderKey struct {
	Key, Value string // decoded; an empty value is missing
	// Column is the canonical column that has the value in all rows of the file;
	// empty where the key is none, or where the file or the configuration tells
	// the column.
	Column string
}

// parseFolderKey takes a folder's name apart.
func parseFolderKey(name string) (key FolderKey, ok bool) {
	left, right, found := strings.Cut(name, "=")
	if !found || left == "" {
		return FolderKey{}, false
	}
	key.Key, key.Value = unescapeFolder(left), unescapeFolder(right)
	if key.Value == missingFolderValue {
		key.Value = ""
	}
	return key, true
}

// unescapeFolder puts characters in place of their escapes, a percent sign and
// two hexadecimal digits of a byte. What is no escape stays.
func unescapeFolder(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var unescaped strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			high, low := strings.IndexByte(hexDigits, text[i+1]|0x20), strings.IndexByte(hexDigits, text[i+2]|0x20)
			if high >= 0 && low >= 0 {
				unescaped.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		unescaped.WriteByte(text[i])
	}
	return unescaped.String()
}

const hexDigits = "0123456789abcdef"

// folderKeys are the keys of the folders that a file lies in, the outermost
// first: those that follow each other without another folder between, nearest
// to the file.
func folderKeys(path string) []FolderKey {
	var keys []FolderKey
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		key, ok := parseFolderKey(filepath.Base(folder))
		if ok {
			keys = append(keys, key)
		} else if len(keys) > 0 || folder == filepath.Dir(folder) {
			break
		}
	}
	slices.Reverse(keys)
	return keys
}

// withFolders is a source for a single file: the values of the folders that it
// lies in are constants of it, for columns of days and words that neither the
// configuration nor a column among there tells. It sets the file's Folders.
func (s *Source) withFolders(file *File, canonical []Column, there []string) (*Source, error) {
	keys := folderKeys(file.Path)
	if len(keys) == 0 {
		return s, nil
	}
	file.Folders = keys
	// What can be read only once cannot be opened again for a column of its own.
	if _, isStream, err := statInput(file.Path); err != nil || isStream {
		return s, err
	}
	inFolders := *s
	inFolders.Constants = maps.Clone(s.Constants)
	if inFolders.Constants == nil {
		inFolders.Constants = map[string]string{}
	}
	seen := map[string]bool{}
	for i := range keys {
		key := &keys[i]
		at := slices.IndexFunc(canonical, func(c Column) bool { return s.columnName(c.Name) == key.Key })
		if at < 0 || canonical[at].kind != wordColumn && canonical[at].kind != dayColumn {
			continue
		}
		problem := func(what string) error {
			return cannotRead(file.Path, fmt.Errorf("its folder %s=… %s", columnText(key.Key), what))
		}
		if seen[key.Key] {
			return nil, problem("lies in another folder of the same key")
		}
		seen[key.Key] = true
		column := canonical[at]
		if _, configured := s.Constants[column.Name]; configured || slices.Contains(there, key.Key) {
			continue
		}
		value := key.Value
		if column.kind == dayColumn {
			if value == "" {
				continue // as if there were no such folder
			}
			day, ok := parseDay([]byte(value), "")
			if !ok {
				return nil, problem("is no day")
			}
			// A constant is written as a CSV file of the source would write it.
			if layout := s.CSV.DateLayout; layout != "" {
				year, month, dayOfMonth := day.Civil()
				value = time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC).Format(layout)
			}
		} else if !utf8.ValidString(value) || checkWord([]byte(value)) != nil {
			return nil, problem("is no text of UTF-8 of a reasonable length, or a person's number")
		}
		key.Column = column.Name
		inFolders.Constants[column.Name] = value
	}
	return &inFolders, nil
}

// openInFolders opens a file of records with what its folders say. A column of
// the file goes before a folder, and is known only when the file is open: then
// it is opened once more.
func openInFolders(file *File, canonical []Column, source *Source, open func(*Source) (recordFile, error)) (recordFile, error) {
	inFolders, err := source.withFolders(file, canonical, nil)
	if err != nil {
		return nil, err
	}
	opened, err := open(inFolders)
	if err != nil || inFolders == source {
		return opened, err
	}
	var there []string // the columns that have values
	for i, name := range file.Columns {
		if !slices.Contains(file.nulls, i) {
			there = append(there, name)
		}
	}
	if !slices.ContainsFunc(file.Folders, func(key FolderKey) bool { return key.Column != "" && slices.Contains(there, key.Key) }) {
		return opened, nil
	}
	if err := opened.close(); err != nil {
		return nil, cannotRead(file.Path, err)
	}
	if inFolders, err = source.withFolders(file, canonical, there); err != nil {
		return nil, err
	}
	return open(inFolders)
}

// nulls are the places of the file's columns that are named like a folder and of
// the type that has no values. It comes before columns.
func (f *parquetFile) nulls(folders []FolderKey) (places []int) {
	for at, name := range f.names {
		if !slices.ContainsFunc(folders, func(key FolderKey) bool { return key.Key == name }) {
			continue
		}
		// What cannot be read is told when it is wanted.
		if column, err := f.flatColumn(at); err == nil && column != nil && column.isNull {
			places = append(places, at)
		}
	}
	return places
}

// errTooDeep says that folders do not end.
var errTooDeep = errors.New("folders named key=value nest too deep in it")
