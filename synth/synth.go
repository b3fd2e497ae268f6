// Package synth makes up a population register, an agency's records and the
// findings that the records must give. The same options give the same data,
// byte for byte.
//
// Nothing here judges a record. People are cast in roles (a resident, one whose
// coordination number was closed, one who died this year), and a share of the
// records are planted: a scene takes somebody of a role, pays them on a day on
// which something is wrong, and writes down what must be found. All other
// records are payments to people in whose lives nothing is wrong on that day.
//
// Every person and every record is a function of the options and of its place,
// so that data of any size is made in memory that does not grow with it.
//
// Numbers are made up at random and have a right check digit, so that some may
// coincide with numbers of real people. They say nothing about them.
package synth

import (
	"errors"
	"fmt"

	"github.com/avstam/avstam/calendar"
)

// Options say how much to make.
type Options struct {
	Records int64   // payments
	People  int64   // with a number in the register
	Seed    uint64  // where chance starts
	Dirty   float64 // the share of records with a finding, 0 to 1
	// EveryRule has every rule find something in small sets, too, whatever Dirty
	// says, if that takes no more than a tenth of them.
	EveryRule bool
}

// DefaultDirty is a realistic share of records with a finding.
const DefaultDirty = 0.02

const (
	// MaxPeople and MaxRecords are what a year of birth dates and of payment
	// days has room for.
	MaxPeople  = monthsOfBirth * (personalPlaces / numbersEach)
	MaxRecords = paymentDays << maxAmountBits
)

// Flag is a boolean that may be missing.
type Flag uint8

// The flags.
const (
	NoFlag Flag = iota
	False
	True
)

// Entry is a row of the register. Days are calendar.Missing, numbers 0 and
// texts empty where there is none.
type Entry struct {
	Number                                    uint64 // twelve digits
	Status                                    string
	StatusFrom                                calendar.Day
	Reason                                    string
	KnownFrom                                 calendar.Day
	Linked                                    uint64
	Level                                     string
	AssignedOn, RenewedOn, InactiveExpectedOn calendar.Day
	DeceasedOn                                calendar.Partial
	Protected                                 Flag
}

// Record is a payment. Periods are calendar.Missing where there is none.
type Record struct {
	Row                    int64 // from 1
	IdentityNumber         []byte
	PaymentDate            calendar.Day
	Amount                 int64 // öre
	RecordID               []byte
	Agency, PaymentType    string
	Currency               string
	PeriodStart, PeriodEnd calendar.Day
}

// Finding is a finding that a record must give, with its evidence.
type Finding struct {
	Rule, Severity, Direction, Confidence, Detail string
	Record                                        *Record
	Number                                        uint64 // 0 where the text is no number of a person
	NumberKind                                    string
	UseNumber                                     uint64
	Status                                        string
	StatusFrom                                    calendar.Day
	StatusReason, IdentityLevel                   string
	DeceasedOn                                    calendar.Partial
	KnownFrom                                     calendar.Day
	KnownAtPayment                                Flag
	OtherNumber                                   uint64
	Protected                                     Flag
}

// Dataset is a register, records and findings that belong together. It holds
// next to nothing, and its methods may run at the same time.
type Dataset struct {
	options  Options
	people   population
	schedule schedule
}

// New refuses options that nothing can be made of, without repeating them: who
// mistakes one flag for another may have given an identity number.
func New(options Options) (*Dataset, error) {
	switch {
	case options.Records < 0 || options.Records > MaxRecords:
		return nil, fmt.Errorf("cannot generate such a number of records: between 0 and %d are possible", int64(MaxRecords))
	case options.People < 1 || options.People > MaxPeople:
		return nil, fmt.Errorf("cannot generate such a number of people: between 1 and %d are possible", int64(MaxPeople))
	case !(options.Dirty >= 0 && options.Dirty <= 1):
		return nil, errors.New("cannot plant findings in such a share of the records: it must lie between 0 and 1")
	}
	people := newPopulation(options.People, options.Seed)
	return &Dataset{options: options, people: people, schedule: newSchedule(options)}, nil
}

// Entries yields the register in the order of its numbers. The entry is good
// until the next. An error of yield ends it.
func (d *Dataset) Entries(yield func(*Entry) error) error {
	return d.people.entries(yield)
}

// Records yields the records in order. The record is good until the next. An
// error of yield ends it.
func (d *Dataset) Records(yield func(*Record) error) error {
	var scene stage
	var clean Record
	var someone person
	for row := int64(1); row <= d.options.Records; row++ {
		record := &clean
		if slot, planted := d.schedule.slotOf(row - 1); planted {
			record = scene.recordOf(d, slot)
		} else {
			d.cleanRecord(&clean, row, &someone)
		}
		if err := yield(record); err != nil {
			return err
		}
	}
	return nil
}

// Findings yields the findings that the records must give, in the order of a
// report: those of single records, then those across records. The finding is
// good until the next. An error of yield ends it.
func (d *Dataset) Findings(yield func(*Finding) error) error {
	for _, across := range []bool{false, true} {
		var scene stage
		for slot := range d.schedule.slots {
			findings := scene.paymentOf(d, slot).findings
			for i := range findings {
				finding := &findings[i]
				if isAcross(finding.Rule) != across {
					continue
				}
				if err := yield(finding); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
