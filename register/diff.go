package register

import "strings"

// ChangeKind says what changed of a number from one snapshot to another.
type ChangeKind uint8

// The kinds of change. All but Added and Removed compare the latest entries and
// their attributes.
const (
	Added             ChangeKind = iota // only the new register has the number
	Removed                             // only the old register has the number
	StatusChanged                       // another status or reason
	StatusDateChanged                   // the same status and reason from another day
	LinkChanged
	LevelChanged
	DeathAdded
	DeathChanged
	DeathRemoved
	ProtectionChanged
	AssignmentChanged // assigned_on, renewed_on or inactive_expected_on
	HistoryChanged    // another number of entries, with none of the above
	changeKinds
)

var changeNames = [changeKinds]string{"added", "removed", "status_changed", "status_date_changed", "link_changed", "level_changed",
	"death_added", "death_changed", "death_removed", "protection_changed", "assignment_changed", "history_changed"}

// String is the kind's name in reports.
func (k ChangeKind) String() string { return changeNames[k] }

// Difference is what changed from one snapshot to another.
type Difference struct {
	Old, New *Snapshot
	Counts   [changeKinds]int64 // of numbers, by ChangeKind
}

// Diff compares two snapshots.
func Diff(old, new *Snapshot) *Difference {
	d := &Difference{Old: old, New: new}
	new.numbers.each(func(place Place, at slot) bool {
		was := old.numbers.placeOf(at)
		if was == NotFound {
			d.Counts[Added]++
		} else {
			d.compare(was, place)
		}
		return true
	})
	old.numbers.each(func(_ Place, at slot) bool {
		if new.numbers.placeOf(at) == NotFound {
			d.Counts[Removed]++
		}
		return true
	})
	return d
}

func (d *Difference) compare(wasAt, isAt Place) {
	was, is := d.Old.entry(uint32(wasAt), true), d.New.entry(uint32(isAt), true)
	oldState, newState := &d.Old.states[was.State], &d.New.states[is.State]
	changed := false
	note := func(differs bool, kind ChangeKind) {
		if differs {
			d.Counts[kind]++
			changed = true
		}
	}
	status := oldState.Status != newState.Status || !strings.EqualFold(oldState.Reason, newState.Reason)
	note(status, StatusChanged)
	note(!status && d.Old.StatusFrom(was) != d.New.StatusFrom(is), StatusDateChanged)
	note((oldState.HasLink || newState.HasLink) && d.Old.Linked(was) != d.New.Linked(is), LinkChanged)
	note(oldState.Level != newState.Level, LevelChanged)
	switch {
	case !oldState.HasDeath:
		note(newState.HasDeath, DeathAdded)
	case !newState.HasDeath:
		note(true, DeathRemoved)
	default:
		note(d.Old.DeceasedOn(was) != d.New.DeceasedOn(is), DeathChanged)
	}
	note(oldState.Protected != newState.Protected, ProtectionChanged)
	note(d.Old.AssignedOn(was) != d.New.AssignedOn(is) || d.Old.RenewedOn(was) != d.New.RenewedOn(is) ||
		d.Old.InactiveExpectedOn(was) != d.New.InactiveExpectedOn(is), AssignmentChanged)
	if !changed {
		oldFirst, oldEnd := d.Old.earlierOf(wasAt)
		newFirst, newEnd := d.New.earlierOf(isAt)
		note(oldEnd-oldFirst != newEnd-newFirst, HistoryChanged)
	}
}
