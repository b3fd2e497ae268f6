// Package register answers what the population register said of a number on a
// day. A Snapshot is immutable and shared between goroutines without a lock; it
// is built from an extract (Builder), saved to one file and opened from it.
//
// The meaning of statuses, codes and levels, with their sources, stands in
// docs/domain.md.
package register

import (
	"github.com/avstam/avstam/calendar"
	"github.com/avstam/avstam/identity"
)

// Status is the status of a number. Values are stable: they stand in snapshots.
type Status uint8

const (
	NoStatus     Status = iota
	Active              // aktivt
	Inactive            // vilande
	Closed              // vilande och stängt
	Deregistered        // avregistrerat
)

var statusNames = [...]string{"", "active", "inactive", "closed", "deregistered"}

// String is the status's name in reports; empty for NoStatus.
func (s Status) String() string { return statusNames[s] }

// Code is what status_reason means: a deregistration code or a reason of
// inactivity. Values are stable.
type Code uint8

const (
	NoCode       Code = iota // none given
	UnknownCode              // a deregistration code that is not in the table
	CodeAV                   // deceased
	CodeUV                   // emigrated
	CodeGN                   // old personal number, a link exists
	CodeGS                   // old coordination number, a link exists
	CodeAN                   // annulled or other
	CodeOB                   // disappeared
	CodeTA                   // technical
	CodeFI                   // false identity
	CodeAS                   // coordination number annulled
	CodeOO                   // other
	TimeLimit                // inactive: TIDSFRIST
	DeceasedCode             // inactive: AVLIDEN, in itself no death
	OtherReason              // inactive: any other reason
)

// Level is the identity level of a coordination number. The order of Uncertain,
// Probable and Confirmed is that of strictness. Values are stable.
type Level uint8

const (
	NoLevel       Level = iota // missing, which is not uncertain
	NotApplicable              // inte tillämplig
	Uncertain                  // osäker
	Probable                   // sannolik
	Confirmed                  // styrkt
)

var levelNames = [...]string{"", "not_applicable", "uncertain", "probable", "confirmed"}

// String is the level's name in reports and policies; empty for NoLevel.
func (l Level) String() string { return levelNames[l] }

// IsKnown says whether a level can be compared.
func (l Level) IsKnown() bool { return l >= Uncertain }

// State is what many entries have in common: the status with its reason, and
// the attributes of few values, resolved (those of the entry in
// force, else of the number's latest entry that has them). A snapshot keeps
// each different State once.
type State struct {
	Status    Status
	Code      Code
	Level     Level
	Protected Tristate
	Reason    string // status_reason as the extract has it, without blanks around it
	// HasDeath and HasLink say that DeceasedOn and Linked have something to tell.
	HasDeath, HasLink bool
	// LevelElsewhere and DeathElsewhere say that the Level and DeceasedOn are another
	// entry's, so that KnownFrom says nothing of them.
	LevelElsewhere, DeathElsewhere bool
	// SeveralNumbers says that on some day links join this number to another.
	SeveralNumbers bool
	// AssignedLater says that assigned_on lies after status_from, or that there
	// is an assigned_on and no status_from: elsewhere an entry in force implies
	// that the number had been assigned.
	AssignedLater bool
}

// IsReplaced says whether another number replaces this one: it is closed, or
// deregistered with GN or GS.
func (s *State) IsReplaced() bool {
	return s.Status == Closed || s.Status == Deregistered && (s.Code == CodeGN || s.Code == CodeGS)
}

// Place is where a number stands in a snapshot, from 0, in the order of the
// numbers; NotFound where it does not.
type Place = int32

// NotFound is the place of a number that the register does not have.
const NotFound Place = -1

// Entry is what the register said of a number on a day: the entry in force, or,
// before the first entry, the number's latest with InForce false, of which only
// the attributes may be used. It is 8 bytes.
type Entry struct {
	Row     uint32 // where its dates stand
	State   uint16 // index in States
	InForce bool
}

// ChainBreak says why links do not lead to an end.
type ChainBreak uint8

const (
	Whole       ChainBreak = iota // the chain leads to a number that is not replaced
	LinkMissing                   // a replaced number has no link
	LinkUnknown                   // a link leads to a number that the register does not have
	LinkLoop                      // a link leads back to a number already seen
)

// Chain is where the links of a number led on a day.
type Chain struct {
	Break ChainBreak
	// Number and Place are the end of a whole chain, else the number itself.
	Number identity.Number
	Place  Place
}

// UnreadableLink stands for a linked_number that is no number: a link that
// leads to no number of the register.
const UnreadableLink identity.Number = 1

// Tristate is a boolean that may be missing.
type Tristate uint8

const (
	NoValue Tristate = iota
	False
	True
)

// Extract is a run of consecutive rows of a register extract as columns, each
// as long as Number, or nil where the extract has no such column. The Builder
// copies what it keeps.
type Extract struct {
	File     string            // for messages
	FirstRow int64             // row of the first, from 1 in the file
	Number   []identity.Number // 0 where it cannot be read
	// Status, Reason and Level index Words, which holds the texts as they stand
	// in the extract; index 0 is the empty text, a missing value.
	Words                                     []string
	Status, Reason, Level                     []uint16
	StatusFrom, KnownFrom                     []calendar.Day
	AssignedOn, RenewedOn, InactiveExpectedOn []calendar.Day
	Linked                                    []identity.Number // 0 is none, else as given or UnreadableLink
	DeceasedOn                                []calendar.Partial
	Protected                                 []Tristate
	Unreadable                                []Unreadable

	packed packedRows
}

// Unreadable names a value other than number and status that could not be read.
// It is taken as missing; an entry whose status_from is unreadable is left out.
// An Extract lists them by row.
type Unreadable struct {
	Row    int64 // from 1 in the file
	Column string
}
