package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/avstam/avstam/register"
)

// Most rows are of people who are alive and listed. They pass one comparison: a
// population that they were all in would cost each of them a second look.
func TestTheUsualPersonIsInNoPopulation(t *testing.T) {
	usual := register.State{Status: register.Active}
	assert.Zero(t, populationsInForce(&usual)&^coordinationOnly)
}
