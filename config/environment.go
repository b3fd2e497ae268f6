package config

import (
	"fmt"
	"os"
	"strings"
)

// Paths of a configuration may name variables of the environment, so that one
// file serves several machines: ${NAME}, or ${NAME:-default} with what stands in
// for a variable that is not set or empty. $$ is a dollar. They are kept as they
// are written, and expanded when the settings of a run are made.

// limitVariable bounds the value of a variable; no system takes a longer path.
const limitVariable = 4096

// expand puts the values of variables in their places. It says what is wrong
// with the path, or "". Values are in no complaint.
func expand(path string) (expanded, complaint string) {
	if !strings.Contains(path, "$") {
		return path, ""
	}
	var text strings.Builder
	rest := path
	for {
		before, after, found := strings.Cut(rest, "$")
		text.WriteString(before)
		if !found {
			break
		}
		if rest, found = strings.CutPrefix(after, "$"); found {
			text.WriteByte('$')
			continue
		}
		inside, found := strings.CutPrefix(after, "{")
		end := strings.IndexByte(inside, '}')
		if !found || end < 0 {
			return "", `a dollar begins ${NAME} or ${NAME:-default}; write $$ for the character itself`
		}
		value, complaint := variable(inside[:end])
		if complaint != "" {
			return "", complaint
		}
		text.WriteString(value)
		rest = inside[end+1:]
	}
	if text.Len() == 0 {
		return "", "the path is empty when its variables are put in"
	}
	return text.String(), ""
}

// variable is the value of what stands between ${ and }.
func variable(inside string) (value, complaint string) {
	name, instead, hasDefault := strings.Cut(inside, ":-")
	switch {
	case !isVariableName(name):
		return "", fmt.Sprintf("%s is no name of a variable: letters, digits and underscores, as in ${NAME} or ${NAME:-default}", quote(name))
	case strings.Contains(instead, "$"):
		return "", fmt.Sprintf("the default of %s has a dollar in it; a default is plain text", name)
	}
	value = os.Getenv(name)
	switch {
	case value == "" && hasDefault:
		return instead, ""
	case value == "":
		return "", fmt.Sprintf("the variable %s is not set, or empty, and has no default as in ${%s:-default}", name, name)
	case len(value) > limitVariable || strings.ContainsFunc(value, isControl):
		return "", fmt.Sprintf("the value of the variable %s is no path: it is too long, or has a control character", name)
	}
	return value, ""
}

func isVariableName(name string) bool {
	for i, c := range name {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// literal writes a path so that expand gives it back.
func literal(path string) string { return strings.ReplaceAll(path, "$", "$$") }

// checkPaths complains of paths whose variables cannot be expanded.
func (d *decoder) checkPaths(c *Configuration) {
	d.checkPath("register.snapshot", c.Register.Snapshot)
	d.checkPath("register.previous", c.Register.Previous)
	d.checkPath("output.dir", c.Output.Dir)
	d.checkPath("output.id_key", c.Output.IDKey)
	d.checkPath("output.baseline", c.Output.Baseline)
	d.checkPath("decisions", c.Decisions)
	for i, path := range c.Register.Files {
		d.checkPath(fmt.Sprintf("register.files[%d]", i), path)
	}
	for i := range c.Sources {
		for j, path := range c.Sources[i].Files {
			d.checkPath(fmt.Sprintf("sources[%d].files[%d]", i, j), path)
		}
	}
}

func (d *decoder) checkPath(place, path string) {
	if _, complaint := expand(path); complaint != "" {
		d.complain(d.at(place), "%s", complaint)
	}
}
