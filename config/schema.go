package config

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of a configuration file, for
// editors and other tools. Load does not use it, and checks more.
//
//go:embed schema.json
var Schema []byte
