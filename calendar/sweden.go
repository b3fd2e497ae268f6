package calendar

import (
	"sync"
	"time"
	_ "time/tzdata" // a machine may have none
)

// Sweden is the time zone whose days count, whatever that of the machine: a payment's,
// and today.
var Sweden = sync.OnceValue(func() *time.Location {
	location, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		panic("BUG: Europe/Stockholm is not in the time zones built in: " + err.Error())
	}
	return location
})
