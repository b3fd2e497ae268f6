package register

import (
	"strings"
	"unicode"
)

// statusWords are the words for a status, folded: our own names, those of Navet
// (AKTIVT, VILANDEFÖRKLARAT, VILANDEFÖRKLARAT STÄNGT, AVREGISTRERAT) and of
// SPAR (AKTIV), and the words in which agencies speak of them.
var statusWords = map[string]Status{
	"ACTIVE": Active, "AKTIVT": Active, "AKTIV": Active,
	"INACTIVE": Inactive, "VILANDE": Inactive, "VILANDEFORKLARAT": Inactive, "VILANDEFORKLARAD": Inactive,
	"CLOSED": Closed, "VILANDEFORKLARATSTANGT": Closed, "VILANDEFORKLARATOCHSTANGT": Closed,
	"VILANDEFORKLARADSTANGD": Closed, "VILANDEFORKLARADOCHSTANGD": Closed, "VILANDESTANGD": Closed, "VILANDEOCHSTANGD": Closed,
	"VILANDESTANGT": Closed, "VILANDEOCHSTANGT": Closed, "STANGT": Closed, "STANGD": Closed,
	"DEREGISTERED": Deregistered, "AVREGISTRERAT": Deregistered, "AVREGISTRERAD": Deregistered,
}

// levelWords are the words for an identity level, folded.
var levelWords = map[string]Level{
	"NOTAPPLICABLE": NotApplicable, "INTETILLAMPLIG": NotApplicable, "INTETILLAMPLIGT": NotApplicable,
	"EJTILLAMPLIG": NotApplicable, "EJTILLAMPLIGT": NotApplicable,
	"UNCERTAIN": Uncertain, "OSAKER": Uncertain, "OSAKERT": Uncertain,
	"PROBABLE": Probable, "SANNOLIK": Probable, "SANNOLIKT": Probable,
	"CONFIRMED": Confirmed, "STYRKT": Confirmed,
}

// deregistrationCodes are the codes of docs/domain.md; the register may add others.
var deregistrationCodes = map[string]Code{
	"AV": CodeAV, "UV": CodeUV, "GN": CodeGN, "GS": CodeGS, "AN": CodeAN,
	"OB": CodeOB, "TA": CodeTA, "FI": CodeFI, "AS": CodeAS, "OO": CodeOO,
}

// fold writes a word as the vocabulary has it: capital letters without dots and
// rings, without blanks, underscores and hyphens.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case r == 'Å' || r == 'Ä':
			return 'A'
		case r == 'Ö':
			return 'O'
		case r == '_' || r == '-' || unicode.IsSpace(r), r == '\u0308' || r == '\u030a':
			// The last two are the dots and the ring of decomposed letters.
			return -1
		}
		return r
	}, word)
}

// StatusOf is the status of a word of an extract, whatever its case, blanks and
// hyphens; NoStatus for one that is not known.
func StatusOf(word string) Status { return statusWords[fold(word)] }

// LevelOf is the identity level of a word, as StatusOf. It reports false for one that is not known;
// an empty word is NoLevel.
func LevelOf(word string) (Level, bool) {
	folded := fold(word)
	level, ok := levelWords[folded]
	return level, ok || folded == ""
}

// IsReason says whether a word is a deregistration code or a reason of
// inactivity that is known.
func IsReason(word string) bool {
	word = strings.TrimSpace(word)
	if _, ok := deregistrationCodes[strings.ToUpper(word)]; ok {
		return true
	}
	code := codeOf(Inactive, word)
	return code == TimeLimit || code == DeceasedCode
}

// codeOf is what a status_reason, without blanks around it, means beside a
// status. Only deregistrations have codes and only inactivity has reasons; what
// stands beside another status means nothing.
func codeOf(status Status, reason string) Code {
	switch {
	case reason == "":
		return NoCode
	case status == Deregistered:
		if code, ok := deregistrationCodes[strings.ToUpper(reason)]; ok {
			return code
		}
		return UnknownCode
	case status == Inactive:
		switch strings.ToUpper(reason) {
		case "TIDSFRIST":
			return TimeLimit
		case "AVLIDEN":
			return DeceasedCode
		}
		return OtherReason
	}
	return NoCode
}
