package avstam_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// licences are those that libraries may have, with words that stand in no other. The
// last may be of what only tests use.
var licences = []struct{ name, words string }{
	{"Apache-2.0", "Apache License Version 2.0"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD", "Redistribution and use in source and binary forms"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"Unlicense", "This is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "CC0 1.0 Universal"},
	{onlyForTests, "Mozilla Public License Version 2.0"},
}

const onlyForTests = "MPL-2.0"

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)`)
	refused     = regexp.MustCompile(`GNU (AFFERO |LESSER )?GENERAL PUBLIC LICENSE Version|Server Side Public License|Business Source License`)
)

// licencesOf are the licences in a module's folder.
func licencesOf(t *testing.T, folder string) (found []string) {
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		contents, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		require.NoError(t, err)
		text := strings.NewReplacer(", Version", " Version", ", version", " Version").Replace(strings.Join(strings.Fields(string(contents)), " "))
		if refused.MatchString(text) {
			found = append(found, "refused")
		}
		for _, licence := range licences {
			if strings.Contains(text, licence.words) {
				found = append(found, licence.name)
			}
		}
	}
	return found
}

// What the program and its tests are built of is licensed freely: a library with
// another licence, or none, is told by name.
func TestLicences(t *testing.T) {
	modules := func(arguments ...string) map[string]string {
		arguments = append([]string{"list", "-deps", "-json=Module"}, arguments...)
		output, err := exec.Command("go", arguments...).Output()
		require.NoError(t, err)
		folders := map[string]string{}
		decoder := json.NewDecoder(strings.NewReader(string(output)))
		for decoder.More() {
			var listed struct {
				Module *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			require.NoError(t, decoder.Decode(&listed))
			if m := listed.Module; m != nil && !m.Main {
				folders[m.Path+" "+m.Version] = m.Dir
			}
		}
		return folders
	}
	ofProgram := modules("./cmd/avstam")
	require.Greater(t, len(ofProgram), 10)
	list := ""
	for name, folder := range modules("-test", "./...") {
		found := licencesOf(t, folder)
		_, isOfProgram := ofProgram[name]
		assert.NotEmpty(t, found, "%s has no licence that is known here", name)
		assert.NotContains(t, found, "refused", name)
		if isOfProgram {
			assert.False(t, slices.Equal(found, []string{onlyForTests}), "%s is licensed as %s, which only tests may use", name, onlyForTests)
		}
		list += fmt.Sprintf("%s: %s\n", name, strings.Join(found, ", "))
	}
	t.Log("\n" + list)
}
