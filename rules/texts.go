package rules

// The languages of the texts for people, by their codes (ISO 639-1).
const (
	English = "en"
	Swedish = "sv"
)

// Languages are those that the texts are there in; the first is the default.
func Languages() []string { return []string{English, Swedish} }

// Plural is a text for a number of things: one where it is 1, else more. The
// languages have no other forms.
func Plural[N int | int64](n N, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// Texts are what a rule says of itself in one language.
type Texts struct {
	Title, Doc, Action, Details string
}

// In are the rule's texts in one of Languages.
func (r *Rule) In(language string) Texts {
	if language == Swedish {
		return r.Swedish
	}
	return Texts{r.Title, r.Doc, r.Action, r.Details}
}
