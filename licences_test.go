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

// What the programs and their tests are built of is licensed freely: a library with
// another licence, or none, is told by name. avstam-beam is of a module of its own, whose
// libraries are many: they are not fetched for this test.
func TestLicences(t *testing.T) {
	t.Run("avstam", func(t *testing.T) { checkLicences(t, ".", "./cmd/avstam") })
	t.Run("avstam-beam", func(t *testing.T) {
		there := exec.Command("go", "mod", "download")
		there.Dir, there.Env = "beam", append(os.Environ(), "GOPROXY=off")
		if output, err := there.CombinedOutput(); err != nil {
			why := fmt.Sprintf("the modules of Beam are not on this machine (cd beam && go mod download): %v: %.300s", err, output)
			require.False(t, slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), "beam"), "AVSTAM_REQUIRE asks for beam: %s", why)
			t.Skip(why + "; AVSTAM_REQUIRE=beam makes a failure of that")
		}
		checkLicences(t, "beam", "./cmd/avstam-beam")
	})
}

func checkLicences(t *testing.T, folder, program string) {
	modules := func(arguments ...string) map[string]string {
		list := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, arguments...)...)
		list.Dir = folder
		output, err := list.Output()
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
			if m := listed.Module; m != nil && !m.Main && !strings.HasPrefix(module, m.Path) {
				folders[m.Path+" "+m.Version] = m.Dir
			}
		}
		return folders
	}
	ofProgram := modules(program)
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
