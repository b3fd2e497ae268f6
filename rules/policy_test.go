package rules_test

import (
	"slices"
	"testing"

	"github.com/avstam/avstam/identity"
	"github.com/avstam/avstam/register"
	"github.com/avstam/avstam/rules"
	"github.com/stretchr/testify/assert"
)

// Of a rule that had nothing to look for nobody may be told that it found nothing.
func TestIdleRules(t *testing.T) {
	const levels, purposes, tests = "insufficient_identity_level", "uncertain_identity_purpose", "test_number"
	cases := []struct {
		why    string
		policy rules.Policy
		want   []string
	}{
		{"a policy that asks for nothing", rules.DefaultPolicy(), []string{tests, levels, purposes}},
		{"a list of test numbers", rules.Policy{TestNumbers: []identity.Number{196408233234}}, []string{levels, purposes}},
		{"a level of a payment type", rules.Policy{PaymentTypes: map[string]rules.PaymentTypePolicy{"a": {}, "b": {IdentityLevel: register.Probable}}}, []string{tests, purposes}},
		{"a level of an agency", rules.Policy{Agencies: map[string]rules.AgencyPolicy{"a": {IdentityLevel: register.Confirmed}}}, []string{tests, purposes}},
		{"payment types and agencies without a level", rules.Policy{
			PaymentTypes: map[string]rules.PaymentTypePolicy{"a": {EmigratedAllowed: true}}, Agencies: map[string]rules.AgencyPolicy{"b": {}},
		}, []string{tests, levels, purposes}},
		{"agencies that may hold uncertain numbers", rules.Policy{UncertainAllowed: []string{"a"}}, []string{tests, levels}},
		{"a list of agencies that has none", rules.Policy{UncertainAllowed: []string{}}, []string{tests, levels}},
		{"a severity gives nothing to look for", rules.Policy{Severities: map[string]rules.Severity{levels: rules.Error}}, []string{tests, levels, purposes}},
	}
	for i, rule := range rules.All() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, c := range cases {
				assert.Equal(t, slices.Contains(c.want, rule.Name), c.policy.Idle()[i], c.why)
			}
		})
	}
}
