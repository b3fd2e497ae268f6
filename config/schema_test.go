package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/avstam/avstam/readers"
	"github.com/avstam/avstam/rules"
)

func loadSchema(t *testing.T) schema {
	t.Helper()
	var s schema
	require.NoError(t, json.Unmarshal(Schema, &s))
	return s
}

// document is YAML as JSON has it.
func document(t *testing.T, text string) any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(asJSON, &value))
	return value
}

func TestTheSchemaAcceptsTheDocumentedExample(t *testing.T) {
	root := loadSchema(t)
	c, err := Load(example)
	require.NoError(t, err)
	written, err := yaml.Marshal(c)
	require.NoError(t, err)
	assert.Empty(t, root.faults(root, document(t, string(written)), ""))

	// As a person writes it, too: off and on are text to YAML 1.2.
	assert.Empty(t, root.faults(root, document(t, `
register: {snapshot: register.avr, extract_date: "2025-11-20", previous: old.avr, max_shrink: 0.5%}
sources:
  - name: csn
    files: ["-"]
    csv: {delimiter: tab, decimal: ",", no_header: true, header: [a, b, c], date_layout: "060102"}
    expect: {rows: 0, amount: -10.5}
policy: {rules: {duplicate_payment: true, test_number: off}, payment_types: {a: {lawful_after_death: {months: 0}, emigrated: report}}}
output: {dir: out, formats: [csv]}
fail_on: {error: 0, warning: 1%}
max_rejects: 100
`), ""))
}

// Words that can be written in any case can be for both the schema and Load.
func TestTheSchemaAcceptsWordsInAnyCase(t *testing.T) {
	root := loadSchema(t)
	for _, word := range encodings {
		for _, word := range inAnyCase(word) {
			text := "sources: [{name: a, files: [b], csv: {encoding: " + word + "}}]"
			assert.Empty(t, root.faults(root, document(t, text), ""), word)
			c, err := parse("f", []byte(text))
			require.NoError(t, err)
			assert.Equal(t, strings.ToLower(word), string(c.Sources[0].CSV.Encoding))
		}
	}
	for _, word := range append([]string{"false", "true", `"false"`}, ruleSettings...) {
		for _, word := range inAnyCase(word) {
			text := "policy: {rules: {inactive_number: " + word + "}}"
			assert.Empty(t, root.faults(root, document(t, text), ""), word)
			_, err := parse("f", []byte(text))
			require.NoError(t, err)
		}
	}
}

func inAnyCase(word string) []string {
	return []string{word, strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:]}
}

// Both the schema and Load refuse these; the reasons that Load gives are tested
// with it.
func TestTheSchemaRefusesWhatLoadRefuses(t *testing.T) {
	root := loadSchema(t)
	for _, text := range []string{
		"registr: {snapshot: r}",
		"register: {snapshot: r, colums: {number: a}}",
		"register: {snapshot: r, files: [a]}",
		"register: {extract_date: 2025-11-20}",
		"register: {snapshot: r, max_shrink: 1%}",
		"register: {snapshot: r, previous: p, max_shrink: 101%}",
		"register: {snapshot: r, extract_date: 20251120}",
		"register: {files: [a], columns: {nubmer: X}}",
		"register: {files: [a], csv: {decimal: ','}}",          // an extract has no amounts
		"register: {files: [a], csv: {date_layout: '060102'}}", // whose century cannot be told
		"sources: []",
		"sources: [{files: [a]}]",
		"sources: [{name: a}]",
		"sources: [{name: a, files: []}]",
		"sources: [{name: a, files: [b, b]}]",
		"sources: [{name: a, files: b}]",
		"sources: [{name: a, files: [b], columns: {payed_on: X}}]",
		"sources: [{name: a, files: [b], constants: {agency: 12}}]",
		"sources: [{name: a, files: [b], csv: {encoding: windows-1251}}]",
		"sources: [{name: a, files: [b], csv: {delimiter: ';;'}}]",
		"sources: [{name: a, files: [b], csv: {decimal: ';'}}]",
		"sources: [{name: a, files: [b], expect: {rows: -1}}]",
		"sources: [{name: a, files: [b], expect: {}}]",
		"sources: [{name: a, files: [b], expect: {amount: '1.505'}}]",
		"policy: {rules: {inactive_nummer: off}}",
		"policy: {rules: {inactive_number: fatal}}",
		"policy: {payment_types: {a: {lawful_after_death: {}}}}",
		"policy: {payment_types: {a: {lawful_after_death: {months: -1}}}}",
		"policy: {payment_types: {a: {emigrated: yes}}}",
		"policy: {agencies: {csn: {identity_level: sannolik}}}",
		"policy: {agencies: {csn: {emigrated: allow}}}",
		"policy: {stale_after_days: many}",
		"output: {dir: a, formats: [html]}",
		"output: {dir: a, formats: [xlsx]}",
		"output: {dir: ''}",
		"output: {folder: a}",
		"fail_on: {fatal: 0}",
		"fail_on: {error: none}",
		"max_rejects: 101%",
	} {
		assert.NotEmpty(t, root.faults(root, document(t, text), ""), "the schema: %s", text)
		_, err := parse("f", []byte(text))
		assert.Error(t, err, "Load: %s", text)
	}
}

// The schema's keys are those of the structs, everywhere.
func TestTheSchemaHasTheKeysOfTheConfiguration(t *testing.T) {
	root := loadSchema(t)
	words := map[reflect.Type][]string{
		reflect.TypeFor[Format]():         formats,
		reflect.TypeFor[Numbers]():        numbersWords,
		reflect.TypeFor[CSVDialect]():     csvDialects,
		reflect.TypeFor[Split]():          splits,
		reflect.TypeFor[Emigrated]():      emigrated,
		reflect.TypeFor[Language]():       rules.Languages(),
		reflect.TypeFor[Level]():          levels,
		reflect.TypeFor[Encoding]():       encodings,
		reflect.TypeFor[RuleName]():       ruleNames(),
		reflect.TypeFor[RecordColumn]():   columnNames(readers.RecordColumns()),
		reflect.TypeFor[RegisterColumn](): columnNames(readers.RegisterColumns()),
	}
	var compare func(path string, structure reflect.Type, s schema)
	compare = func(path string, structure reflect.Type, s schema) {
		s = root.resolve(s)
		if want, ok := words[structure]; ok {
			if alternatives, ok := s["anyOf"].([]any); ok { // the words, and those in any case
				s = alternatives[0].(map[string]any)
			}
			assert.ElementsMatch(t, want, s["enum"], path)
			return
		}
		switch structure.Kind() {
		case reflect.Pointer:
			compare(path, structure.Elem(), s)
		case reflect.Slice:
			compare(path+"[]", structure.Elem(), s.child("items"))
		case reflect.Map:
			if want, ok := words[structure.Key()]; ok {
				assert.ElementsMatch(t, want, s.child("propertyNames")["enum"], path)
			}
			compare(path+".*", structure.Elem(), s.child("additionalProperties"))
		case reflect.Struct:
			properties := s.child("properties")
			var keys, required []string
			for _, f := range fieldsOf(structure) {
				keys = append(keys, f.key)
				if f.required {
					required = append(required, f.key)
				}
				if properties[f.key] != nil {
					compare(path+"."+f.key, structure.Field(f.index).Type, properties.child(f.key))
				}
			}
			assert.ElementsMatch(t, keys, slices.Collect(maps.Keys(properties)), path)
			given, _ := s["required"].([]any)
			assert.Len(t, given, len(required), path)
			for _, key := range required {
				assert.Contains(t, given, key, path)
			}
			assert.Equal(t, false, s["additionalProperties"], "%s: unknown keys are refused", path)
		}
	}
	compare("", reflect.TypeFor[Configuration](), root)
}

// schema is a JSON Schema, or a part of one.
type schema map[string]any

func (s schema) child(key string) schema {
	child, _ := s[key].(map[string]any)
	return child
}

// resolve follows a reference within the schema.
func (s schema) resolve(part schema) schema {
	reference, ok := part["$ref"].(string)
	if !ok {
		return part
	}
	return s.child("$defs").child(strings.TrimPrefix(reference, "#/$defs/"))
}

// faults are what is wrong with a value by the keywords that the schema uses;
// any other keyword is a fault too, since it would go unchecked.
func (s schema) faults(root schema, value any, path string) (faults []string) {
	wrong := func(format string, arguments ...any) {
		faults = append(faults, path+": "+fmt.Sprintf(format, arguments...))
	}
	object, _ := value.(map[string]any)
	list, _ := value.([]any)
	text, isText := value.(string)
	number, isNumber := value.(float64)
	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		want := s[keyword]
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description":
		case "$ref":
			faults = append(faults, root.resolve(s).faults(root, value, path)...)
		case "type":
			is := map[any]bool{"object": object != nil, "array": list != nil, "string": isText, "number": isNumber,
				"integer": isNumber && number == float64(int64(number)), "boolean": value == true || value == false}
			if !is[want] {
				wrong("not of type %v", want)
			}
		case "enum":
			if !slices.ContainsFunc(want.([]any), func(word any) bool { return reflect.DeepEqual(word, value) }) {
				wrong("none of %v", want)
			}
		case "properties", "additionalProperties":
			for key, member := range object {
				part, known := s.child("properties")[key]
				switch {
				case known && keyword == "properties":
					faults = append(faults, schema(part.(map[string]any)).faults(root, member, path+"."+key)...)
				case !known && want == false:
					wrong("unknown key %s", key)
				case !known && keyword == "additionalProperties":
					faults = append(faults, s.child(keyword).faults(root, member, path+"."+key)...)
				}
			}
		case "propertyNames":
			for key := range object {
				faults = append(faults, s.child(keyword).faults(root, key, path+"."+key)...)
			}
		case "required":
			for _, key := range want.([]any) {
				if object != nil && object[key.(string)] == nil {
					wrong("lacks %v", key)
				}
			}
		case "dependentRequired":
			for key, needed := range want.(map[string]any) {
				for _, other := range needed.([]any) {
					if object[key] != nil && object[other.(string)] == nil {
						wrong("lacks %v", other)
					}
				}
			}
		case "items":
			for i, item := range list {
				faults = append(faults, s.child(keyword).faults(root, item, fmt.Sprintf("%s[%d]", path, i))...)
			}
		case "contains":
			if list != nil && !slices.ContainsFunc(list, func(item any) bool { return len(s.child(keyword).faults(root, item, path)) == 0 }) {
				wrong("contains none of %v", want)
			}
		case "uniqueItems":
			for i, item := range list {
				if slices.Contains(list[:i], item) {
					wrong("%v twice", item)
				}
			}
		case "anyOf":
			if !slices.ContainsFunc(want.([]any), func(alternative any) bool {
				return len(schema(alternative.(map[string]any)).faults(root, value, path)) == 0
			}) {
				wrong("fits no alternative")
			}
		case "not":
			if len(s.child(keyword).faults(root, value, path)) == 0 {
				wrong("what must not be")
			}
		case "oneOf":
			fitting := 0
			for _, alternative := range want.([]any) {
				if len(schema(alternative.(map[string]any)).faults(root, value, path)) == 0 {
					fitting++
				}
			}
			if fitting != 1 {
				wrong("fits %d alternatives", fitting)
			}
		case "minItems":
			if list != nil && float64(len(list)) < want.(float64) {
				wrong("too few items")
			}
		case "minProperties":
			if object != nil && float64(len(object)) < want.(float64) {
				wrong("too few keys")
			}
		case "minLength":
			if isText && float64(utf8.RuneCountInString(text)) < want.(float64) {
				wrong("too short")
			}
		case "minimum":
			if isNumber && number < want.(float64) {
				wrong("less than %v", want)
			}
		case "maximum":
			if isNumber && number > want.(float64) {
				wrong("more than %v", want)
			}
		case "pattern":
			if isText && !regexp.MustCompile(want.(string)).MatchString(text) {
				wrong("does not match %v", want)
			}
		default:
			wrong("the keyword %s is not checked by this test", keyword)
		}
	}
	return faults
}
