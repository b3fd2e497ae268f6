package register

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The entry of a plain number is not looked up: none may be plain whose State says
// more than that it is active, whatever a file says.
func TestAStateThatSaysMoreIsNotPlain(t *testing.T) {
	usual := State{Status: Active, Protected: True}
	assert.True(t, usual.isPlain())
	for what, state := range map[string]State{
		"of no status":           {},
		"inactive":               {Status: Inactive},
		"with a code":            {Status: Active, Code: CodeAV},
		"with a level":           {Status: Active, Level: Confirmed},
		"of the dead":            {Status: Active, HasDeath: true},
		"with a link":            {Status: Active, HasLink: true},
		"of several numbers":     {Status: Active, SeveralNumbers: true},
		"of numbers to be given": {Status: Active, AssignedLater: true},
	} {
		assert.False(t, state.isPlain(), what)
	}
}
