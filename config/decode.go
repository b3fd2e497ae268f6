package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/avstam/avstam/identity"
)

const (
	// limitBytes bounds a configuration file; those in use have a few thousand.
	limitBytes = 1 << 18
	// limitDepth bounds how deep flow lists and mappings nest, before the parser,
	// which calls itself for each, sees them. A configuration needs six.
	limitDepth = 32
	// limitProblems is how many problems of a file are told.
	limitProblems = 20
)

// scalar is a value that stands in one YAML scalar and is checked as it is read.
type scalar interface {
	// set takes the scalar's text and says what is wrong with it, or "".
	set(text string, kind ast.NodeType) (complaint string)
}

// position is a place in a file, from 1.
type position struct{ line, column int }

// decoder fills structs from a YAML file by their json tags. It refuses what
// they do not have, and remembers where values stood for the checks that come
// after.
type decoder struct {
	file     string
	problems Problems
	// By path, as sources[0].columns.amount: where the key and the value stood.
	keys, values map[string]position
	// isWhole says that all values could be read. Where they could not, what is
	// missing may be one of these, under another name or of another kind.
	isWhole bool
}

// decode reads the file's text into target, a pointer to a struct. It reports
// false where the text is none that has values.
func (d *decoder) decode(text []byte, target any) bool {
	d.keys, d.values = map[string]position{}, map[string]position{}
	start := position{1, 1}
	switch {
	case len(text) > limitBytes:
		d.complain(start, "the file has more than %d bytes", limitBytes)
		return false
	case !utf8.Valid(text), bytes.IndexByte(text, 0) >= 0: // UTF-16 of ASCII is both
		d.complain(start, "the file is not UTF-8: save it as UTF-8")
		return false
	}
	tokens := lexer.Tokenize(strings.TrimPrefix(string(text), "\ufeff"))
	if !d.acceptable(tokens) {
		return false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			advice := ""
			if strings.Contains(syntax.GetMessage(), "'\t'") {
				advice = ", a tab: indent with blanks"
			}
			d.complain(positionOf(syntax.GetToken()), "not YAML: %s%s", syntax.GetMessage(), advice)
		} else {
			d.complain(start, "not YAML")
		}
		return false
	}
	var body ast.Node
	for _, document := range file.Docs {
		switch {
		case document.Body == nil || document.Body.Type() == ast.CommentType:
		case body != nil:
			d.complain(nodePosition(document.Body), "a second document: a configuration is one")
			return false
		default:
			body = document.Body
		}
	}
	if body == nil {
		d.complain(start, "the file is empty")
		return false
	}
	d.value(body, reflect.ValueOf(target).Elem(), "")
	d.isWhole = len(d.problems) == 0
	return true
}

// acceptable says whether the parser may see the tokens: it calls itself for
// what nests, so that is bounded before. Indented blocks are bounded by the
// size of the file.
func (d *decoder) acceptable(tokens token.Tokens) bool {
	depth, dashes, line := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			line, dashes = tk.Position.Line, 0
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType:
			dashes++
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.MappingKeyType, token.DirectiveType:
			d.complain(positionOf(tk), "anchors, aliases, tags and the like are not read: write the value out")
			return false
		}
		if depth+dashes > limitDepth {
			d.complain(positionOf(tk), "lists and mappings nest deeper than %d", limitDepth)
			return false
		}
	}
	return true
}

func positionOf(tk *token.Token) position {
	if tk == nil || tk.Position == nil {
		return position{1, 1}
	}
	return position{tk.Position.Line, tk.Position.Column}
}

func (d *decoder) complain(at position, format string, arguments ...any) {
	if len(d.problems) < limitProblems {
		d.problems = append(d.problems, Problem{d.file, max(at.line, 1), max(at.column, 1), fmt.Sprintf(format, arguments...)})
	}
}

// err is the problems as an error; nil where there are none.
func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	d.problems.sort()
	return d.problems
}

// value fills target from a node. Path names the place, "" for the file itself.
func (d *decoder) value(node ast.Node, target reflect.Value, path string) {
	at := nodePosition(node)
	if key, ok := d.keys[path]; ok && node.Type() == ast.NullType {
		at = key // nothing stands nowhere
	}
	d.values[path] = at
	if s, ok := target.Addr().Interface().(scalar); ok {
		text, ok := scalarText(node)
		if !ok {
			d.complain(at, "want a single value, found %s", nodeName(node))
			return
		}
		if complaint := s.set(text, node.Type()); complaint != "" {
			d.complain(at, "%s", complaint)
		}
		return
	}
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		d.value(node, target.Elem(), path)
	case reflect.Struct:
		d.structure(node, target, path)
	case reflect.Map:
		d.mapping(node, target, path)
	case reflect.Slice:
		d.list(node, target, path)
	case reflect.String:
		text, ok := textOf(node)
		switch {
		case !ok && isNumber(node):
			d.complain(at, "want text, found %s: put it in quotes", nodeName(node))
		case !ok:
			d.complain(at, "want text, found %s", nodeName(node))
		case text == "":
			d.complain(at, "the text is empty")
		case strings.ContainsFunc(text, isControl):
			d.complain(at, "the text has a control character or a line break")
		default:
			target.SetString(text)
		}
	case reflect.Bool:
		b, ok := node.(*ast.BoolNode)
		if !ok {
			d.complain(at, "want true or false, found %s", nodeName(node))
			return
		}
		target.SetBool(b.Value)
	default:
		panic("BUG: no configuration value is a " + target.Type().String())
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// pairs are the keys and values of a mapping; duplicates and keys that are no
// text are complained of and left out.
func (d *decoder) pairs(node ast.Node, path string) (pairs []pair, ok bool) {
	var nodes []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		nodes = n.Values
	case *ast.MappingValueNode:
		nodes = []*ast.MappingValueNode{n}
	default:
		d.complain(d.values[path], "want a mapping of keys and values, found %s", nodeName(node))
		return nil, false
	}
	lines := map[string]int{}
	for _, n := range nodes {
		at := positionOf(n.Key.GetToken())
		key, isText := textOf(n.Key)
		if !isText {
			d.complain(at, "a key that is no text: put it in quotes")
			continue
		}
		if key == "" {
			d.complain(at, "an empty key")
			continue
		}
		if identity.Contains([]byte(key)) {
			d.complain(at, "a key with a person's number in it, which summary and page would show")
			continue
		}
		if line, seen := lines[key]; seen {
			d.complain(at, "duplicate key %s (first on line %d)", quote(key), line)
			continue
		}
		lines[key] = at.line
		d.keys[join(path, key)] = at
		pairs = append(pairs, pair{key, at, n.Value})
	}
	return pairs, true
}

type pair struct {
	key   string
	at    position
	value ast.Node
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) structure(node ast.Node, target reflect.Value, path string) {
	pairs, ok := d.pairs(node, path)
	if !ok {
		return
	}
	fields := fieldsOf(target.Type())
	given := map[string]bool{}
	for _, p := range pairs {
		index := -1
		names := make([]string, 0, len(fields))
		for _, f := range fields {
			if f.key == p.key {
				index = f.index
			}
			names = append(names, f.key)
		}
		if index < 0 {
			d.complain(p.at, "unknown key %s%s", quote(p.key), suggest(p.key, names))
			continue
		}
		given[p.key] = true
		d.value(p.value, target.Field(index), join(path, p.key))
	}
	for _, f := range fields {
		if f.required && !given[f.key] {
			d.complain(d.values[path], "the key %q is missing", f.key)
		}
	}
}

// structField is a field of a struct of the configuration.
type structField struct {
	key      string
	index    int
	required bool // tagged check:"required"
}

func fieldsOf(structure reflect.Type) []structField {
	var fields []structField
	for i := range structure.NumField() {
		f := structure.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && key != "-" {
			fields = append(fields, structField{key, i, f.Tag.Get("check") == "required"})
		}
	}
	return fields
}

func (d *decoder) mapping(node ast.Node, target reflect.Value, path string) {
	pairs, ok := d.pairs(node, path)
	if !ok {
		return
	}
	target.Set(reflect.MakeMap(target.Type()))
	for _, p := range pairs {
		key := reflect.New(target.Type().Key())
		if s, ok := key.Interface().(scalar); ok {
			if complaint := s.set(p.key, ast.StringType); complaint != "" {
				d.complain(p.at, "%s", complaint)
				continue
			}
		} else {
			key.Elem().SetString(p.key)
		}
		value := reflect.New(target.Type().Elem())
		d.value(p.value, value.Elem(), join(path, p.key))
		target.SetMapIndex(key.Elem(), value.Elem())
	}
}

// mayBeEmpty is the key of the one list that says something without a word in it: no
// agency is on it.
const mayBeEmpty = "uncertain_allowed"

func (d *decoder) list(node ast.Node, target reflect.Value, path string) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.complain(d.values[path], "want a list, found %s", nodeName(node))
		return
	}
	if len(sequence.Values) == 0 && !strings.HasSuffix(path, mayBeEmpty) {
		d.complain(nodePosition(node), "the list is empty")
	}
	target.Set(reflect.MakeSlice(target.Type(), len(sequence.Values), len(sequence.Values)))
	texts := map[string]int{}
	for i, n := range sequence.Values {
		d.value(n, target.Index(i), fmt.Sprintf("%s[%d]", path, i))
		if text, ok := textOf(n); ok {
			if line, seen := texts[text]; seen {
				d.complain(nodePosition(n), "%s stands twice in the list (first on line %d)", quote(text), line)
				continue
			}
			texts[text] = nodePosition(n).line
		}
	}
}

// textOf is the text of a node that is text.
func textOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

func isNumber(node ast.Node) bool {
	return node.Type() == ast.IntegerType || node.Type() == ast.FloatType
}

// scalarText is the text of any scalar as it stands in the file: a number is
// not brought through a floating point value.
func scalarText(node ast.Node) (string, bool) {
	if text, ok := textOf(node); ok {
		return text, true
	}
	switch node.Type() {
	case ast.IntegerType, ast.FloatType, ast.BoolType:
		return node.GetToken().Value, true
	}
	return "", false
}

func nodeName(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	}
	return "text"
}

// nodePosition is where a node begins. A mapping's own token is the colon after
// its first key, or its brace.
func nodePosition(node ast.Node) position {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return positionOf(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return positionOf(n.Key.GetToken())
	}
	return positionOf(node.GetToken())
}
