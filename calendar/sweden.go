package calendar

import (
	_ "embed"
	"sync"
	"time"
)

// stockholm are the rules of Europe/Stockholm, of the data that come with Go (2025c):
//
//	unzip -p "$(go env GOROOT)/lib/time/zoneinfo.zip" Europe/Stockholm > calendar/stockholm.tzif
//
// Package time would first ask the environment and the machine, and the day of a payment
// must be the same everywhere.
//
//go:embed stockholm.tzif
var stockholm []byte

// Sweden is the time zone whose days count, whatever that of the machine: a payment's,
// and today.
var Sweden = sync.OnceValue(func() *time.Location {
	location, err := time.LoadLocationFromTZData("Europe/Stockholm", stockholm)
	if err != nil {
		panic("BUG: the rules of Europe/Stockholm that are built in cannot be read: " + err.Error())
	}
	return location
})
