package readers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Candidate is a canonical column that a file's column could be.
type Candidate struct {
	Column     string // its canonical name
	OfRegister bool   // it is one of a register extract
	Why        string
	score      int
	byName     bool
}

// recordNames and registerNames are the names, folded, by which agencies and the
// register call a canonical column, in Swedish and English. Those of four
// letters and more also count where a name has them in it.
var recordNames = [recordColumnCount][]string{
	identityNumber: {
		"identitynumber", "pnr", "personnummer", "personnr", "persnr", "personid", "samordningsnummer", "samordningsnr", "samnr", "idnr", "idnummer",
		"identitetsnummer", "identitetsnr", "identitetsbeteckning", "personidentitet", "personorgnr", "personalnumber", "personalidentitynumber", "civicnumber", "ssn",
		"socialsecuritynumber", "payeeid", "mottagarid", "mottagare", "betalningsmottagare", "payee", "nummer", "number",
	},
	paymentDate: {
		"paymentdate", "utbetalningsdatum", "utbetalningsdag", "utbetdatum", "utbetdag", "utbdatum", "utbdat", "utbetdat", "betaldatum", "betalningsdatum",
		"betalningsdag", "betdatum", "paymentday", "paidon", "paydate", "disbursementdate", "transaktionsdatum", "transactiondate", "bokforingsdatum",
		"valutadatum", "datum", "date",
	},
	amount: {
		"amount", "belopp", "utbetaltbelopp", "bruttobelopp", "nettobelopp", "brutto", "netto", "summa", "utbetalt", "ersattning", "sum", "kronor", "sek",
	},
	recordID: {
		"recordid", "id", "lopnr", "lopnummer", "arendenummer", "arendenr", "arendeid", "diarienummer", "transaktionsid", "transactionid", "utbetalningsid",
		"paymentid", "verifikationsnummer", "verifikationsnr", "verifikat", "beslutsid", "beslutsnummer", "referens", "reference", "nyckel", "key", "radid",
	},
	periodStart: {
		"periodstart", "periodfrom", "periodfran", "periodfom", "fromdatum", "fromdate", "fomdatum", "datumfrom", "datumfom", "avserfrom", "avserfom",
		"startdatum", "startdate", "fom", "from",
	},
	periodEnd: {
		"periodend", "periodto", "periodtom", "periodtill", "tomdatum", "todate", "tilldatum", "datumtom", "datumtill", "avsertom", "avsertill", "slutdatum",
		"enddate", "tom", "till",
	},
	agency:      {"agency", "myndighet", "myndighetskod", "myndighetsnamn", "authority", "utbetalare"},
	paymentType: {"paymenttype", "forman", "formanstyp", "formanskod", "formansslag", "utbetalningstyp", "betalningstyp", "bidragstyp", "bidrag", "stodform", "ersattningstyp", "benefit", "benefittype", "typ", "type"},
	currency:    {"currency", "currencycode", "valuta", "valutakod"},
}

var registerNames = [registerColumnCount][]string{
	registerNumber: {
		"number", "nummer", "pnr", "personnummer", "personnr", "personid", "idnummer", "idnr", "identitetsnummer", "identitetsnr", "identitetsbeteckning", "personidentitet",
		"samordningsnummer", "samordningsnr", "identitynumber",
	},
	registerStatus:       {"status", "statuskod", "nummerstatus", "personnummerstatus", "samordningsnummerstatus", "folkbokforingsstatus"},
	registerStatusFrom:   {"statusfrom", "statusdatum", "statusfom", "statusfran", "datumstatus", "avregistreringsdatum", "gallerfran", "gallerfrom", "fomdatum", "fom", "from"},
	registerStatusReason: {"statusreason", "reason", "orsak", "orsakskod", "avregistreringsorsak", "avregistreringsorsakkod", "avregistreringskod", "vilandeorsak", "statusorsak"},
	registerKnownFrom:    {"knownfrom", "kandfran", "registreringsdatum", "registrerad", "registreradfran", "andringsdatum", "uppdaterad", "aviseringsdatum"},
	registerLinkedNumber: {
		"linkednumber", "hanvisning", "hanvisningsnummer", "hanvisningtill", "hanvisningpersonnummer", "hanvisningspersonnummer", "nyttpersonnummer", "nyttnummer", "nyttpnr",
		"ersattav", "replacedby",
	},
	registerIdentityLevel:      {"identitylevel", "identitetsniva", "identitetsstatus", "idniva", "niva"},
	registerAssignedOn:         {"assignedon", "tilldelningsdatum", "tilldelad", "tilldeladdatum", "tilldelatdatum"},
	registerRenewedOn:          {"renewedon", "fornyelsedatum", "fornyad", "fornyaddatum", "fornyatdatum"},
	registerInactiveExpectedOn: {"inactiveexpectedon", "preliminartvilandedatum", "preliminartdatum", "preliminartvilandeforklaringsdatum", "beraknatvilandedatum", "forvantatvilandedatum"},
	registerDeceasedOn:         {"deceasedon", "avlidendatum", "avliden", "avlidendag", "dodsdatum", "dodsdag", "deathdate", "dateofdeath"},
	registerProtected:          {"protected", "sekretess", "sekretessmarkering", "skyddad", "skyddadidentitet", "skyddadfolkbokforing", "skydd"},
}

// birthNames are in the names of days that are nothing to us.
var birthNames = []string{"fodelse", "fodd", "birth"}

// unitWords are in the names of amounts that are not in kronor, folded.
var unitWords = []string{"ore", "oren", "tkr", "kkr", "ksek", "mkr", "mnkr", "msek"}

// hasOtherUnit says whether a name has a word for another unit than kronor. Words end
// where a name has no letter, or a capital after a small one.
func hasOtherUnit(name string) bool {
	start, last := 0, ' '
	isUnit := func(word string) bool { return slices.Contains(unitWords, foldName(word)) }
	for i, r := range name {
		switch {
		case !unicode.IsLetter(r), unicode.IsUpper(r) && unicode.IsLower(last):
			if isUnit(name[start:i]) {
				return true
			}
			start = i
		}
		last = r
	}
	return isUnit(name[start:])
}

// foldName writes a column's name as the lists have them: small letters without
// rings and dots, and nothing between words.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r == 'å' || r == 'ä':
			return 'a'
		case r == 'ö':
			return 'o'
		case r == 'é':
			return 'e'
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			return r
		}
		return -1
	}, name)
}

// named says whether a name is that of a canonical column, and by which word.
func named(folded string, words []string) (score int, why string) {
	longest := ""
	for _, word := range words {
		if folded == word {
			return 8, "by its name"
		}
		if len(word) >= 4 && len(word) > len(longest) && strings.Contains(folded, word) {
			longest = word
		}
	}
	if longest != "" {
		return 4, "by " + longest + " in its name"
	}
	return 0, ""
}

// share is what part of a column's values read as something, in percent.
func (c *Profile) share(count int64) int64 {
	if c.Values == 0 {
		return 0
	}
	return count * 100 / c.Values
}

// never is a score that no name outweighs.
const never = -100

// readsAs is how well a column's values suit a canonical one, and in which
// words: 0 where the values neither speak for it nor against, and less than 0
// where they speak against.
func (c *Profile) readsAs(canonical *Column) (score int, why string) {
	if c.Values == 0 {
		return 0, "no values to tell it by"
	}
	judge := func(share int64, strong int, what string) (int, string) {
		why := fmt.Sprintf("%d %% of its values read as %s", share, what)
		switch {
		case share >= 90:
			return strong, why
		case share >= 50:
			return strong / 2, why
		}
		return -6, why
	}
	switch canonical.kind {
	case numberColumn:
		// Organisations are payees, too, but have a column of their own beside that of people.
		persons := c.share(c.Identities - c.organisations)
		if persons < 50 && c.share(c.Identities) >= 50 {
			return 1, fmt.Sprintf("%d %% of its values read as numbers of organisations", c.share(c.organisations))
		}
		return judge(persons, 6, "identity numbers")
	case dayColumn:
		return judge(c.share(max(c.Days, c.layouts[c.bestLayout()])), 3, "days")
	case deathColumn:
		return judge(c.share(c.Days+c.deaths), 3, "days")
	case amountColumn:
		if c.share(c.Identities) >= 50 || c.isMostly(c.Days) && c.signs == [2]int64{} {
			return -6, "its values read as something else"
		}
		return judge(c.share(max(c.PointAmounts, c.CommaAmounts)), 2, "amounts")
	case booleanColumn:
		return judge(c.share(c.Booleans), 2, "yes or no")
	case keyColumn:
		if c.Identities > 0 {
			return never, "its values read as identity numbers, which a report does not mask there"
		}
		if c.Different == c.Values {
			return 1, "all its values differ"
		}
		return 0, ""
	}
	switch canonical.Name {
	case "currency":
		return judge(c.share(c.Currencies), 6, "currencies")
	case "status":
		return judge(c.share(c.Statuses), 7, "statuses")
	case "identity_level":
		return judge(c.share(c.Levels), 6, "identity levels")
	}
	if c.Identities > 0 || c.isMostly(c.Days) {
		return never, "its values read as something else"
	}
	return 0, ""
}

// tellsAlone says whether values alone, whatever the name, can tell a canonical
// column: what is required, and words of a vocabulary.
func tellsAlone(canonical *Column) bool {
	return canonical.Required || canonical.Name == "currency" || canonical.Name == "identity_level"
}

// candidate judges a column as a canonical one.
func (c *Profile) candidate(canonical *Column, words []string, ofRegister bool) (Candidate, bool) {
	if c.Unreadable || c.shape != otherShape && !slices.Contains(shapesOf[canonical.kind], c.shape) {
		return Candidate{}, false
	}
	folded := foldName(c.Name)
	if canonical.kind == dayColumn && slices.ContainsFunc(birthNames, func(word string) bool { return strings.Contains(folded, word) }) {
		return Candidate{}, false
	}
	if canonical.kind == amountColumn && hasOtherUnit(c.Name) {
		return Candidate{}, false
	}
	byName, nameWhy := named(folded, words)
	byValues, valuesWhy := c.readsAs(canonical)
	if byName == 0 && (byValues <= 0 || !tellsAlone(canonical)) || byName+byValues <= 0 {
		return Candidate{}, false
	}
	var why []string
	for _, reason := range []string{nameWhy, valuesWhy} {
		if reason != "" {
			why = append(why, reason)
		}
	}
	return Candidate{Column: canonical.Name, OfRegister: ofRegister, Why: strings.Join(why, ", "), score: byName + byValues, byName: byName > 0}, true
}

// understand says what the columns could be, and what of them a source of
// records or the register would be read from.
func (i *Inspection) understand() {
	asRecords := i.propose(recordColumns[:], recordNames[:], false)
	asRegister := i.propose(registerColumns[:], registerNames[:], true)
	// A register extract is known by the words of its statuses. Records that have
	// what they need, by name, may have such a column, too.
	if len(asRegister.lacking) == 0 && !asRecords.isNamed {
		i.IsRegister = true
		asRecords = asRegister
	}
	i.Mapped, i.Lacking, i.Also = asRecords.mapped, asRecords.lacking, asRecords.also
	if !i.IsRegister {
		i.OtherUnits = i.otherUnits()
	}
	for n := range i.Columns {
		c := &i.Columns[n]
		c.Candidates = slices.DeleteFunc(c.Candidates, func(candidate Candidate) bool {
			// What its values alone could make of it is of no interest where another column is that.
			mapped, has := i.Mapped[candidate.Column]
			return candidate.OfRegister != i.IsRegister || !candidate.byName && has && mapped != c.Name
		})
		slices.SortStableFunc(c.Candidates, func(a, b Candidate) int { return cmp.Compare(b.score, a.score) })
		for _, name := range [...]string{"identity_number", "number", "linked_number"} {
			c.isNumber = c.isNumber || i.Mapped[name] == c.Name && c.Name != ""
		}
	}
	if i.File.Format == FormatCSV {
		i.File.CSV.Decimal, i.File.CSV.DateLayout = i.signs(asRecords.days)
	}
}

// proposal is what canonical columns would be read from.
type proposal struct {
	mapped  map[string]string
	also    map[string][]string // what suits as well as what is mapped
	lacking []string
	isNamed bool       // all required columns are there, by their names
	days    []*Profile // the columns of days among mapped, payment dates first
}

// propose gives each canonical column the file's column that suits it best,
// each once.
func (i *Inspection) propose(canonical []Column, words [][]string, ofRegister bool) proposal {
	type pair struct {
		score, canonical, column int
		byName                   bool
	}
	var pairs []pair
	units := i.otherUnits()
	for n := range i.Columns {
		c := &i.Columns[n]
		for k := range canonical {
			candidate, ok := c.candidate(&canonical[k], words[k], ofRegister)
			if !ok {
				continue
			}
			c.Candidates = append(c.Candidates, candidate)
			// Where there are amounts in another unit, numbers of no such name are not these.
			isBesideUnit := canonical[k].kind == amountColumn && !candidate.byName && len(units) > 0
			if i.canBeMapped(c) && !isBesideUnit {
				pairs = append(pairs, pair{candidate.score, k, n, candidate.byName})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	p := proposal{mapped: map[string]string{}, also: map[string][]string{}, isNamed: true}
	scores := make([]int, len(canonical))
	taken := make([]bool, len(i.Columns))
	days := make([]*Profile, len(canonical))
	for _, pair := range pairs {
		name := canonical[pair.canonical].Name
		if _, has := p.mapped[name]; has || taken[pair.column] {
			continue
		}
		taken[pair.column], scores[pair.canonical] = true, pair.score
		p.isNamed = p.isNamed && (pair.byName || !canonical[pair.canonical].Required)
		p.mapped[name] = i.Columns[pair.column].Name
		if canonical[pair.canonical].kind == dayColumn || canonical[pair.canonical].kind == deathColumn {
			days[pair.canonical] = &i.Columns[pair.column]
		}
	}
	for _, pair := range pairs {
		if name := canonical[pair.canonical].Name; !taken[pair.column] && pair.score == scores[pair.canonical] {
			p.also[name] = append(p.also[name], i.Columns[pair.column].Name)
		}
	}
	for k, column := range canonical {
		if days[k] != nil {
			p.days = append(p.days, days[k])
		}
		inFolder := slices.ContainsFunc(i.File.Folders, func(key FolderKey) bool { return key.Key == column.Name && column.kind == dayColumn })
		if _, has := p.mapped[column.Name]; column.Required && !has && !inFolder {
			p.lacking = append(p.lacking, column.Name)
		}
	}
	p.isNamed = p.isNamed && len(p.lacking) == 0
	return p
}

// otherUnits are the columns that are named as amounts in another unit than kronor.
func (i *Inspection) otherUnits() (names []string) {
	for n := range i.Columns {
		c := &i.Columns[n]
		if byName, _ := named(foldName(c.Name), recordNames[amount]); byName > 0 && hasOtherUnit(c.Name) {
			names = append(names, c.Shown())
		}
	}
	return names
}

// canBeMapped says whether a configuration can name a column: its name is there
// once, can be written, and is none that may hold a number.
func (i *Inspection) canBeMapped(c *Profile) bool {
	count := 0
	for n := range i.Columns {
		if i.Columns[n].Name == c.Name {
			count++
		}
	}
	return count == 1 && c.Name != "" && !strings.ContainsFunc(c.Name, unicode.IsControl) && c.Shown() == c.Name
}

// Shown is the column's name as it may be shown: short, and without digits where
// it has so many that it may be a value.
func (c *Profile) Shown() string {
	if countDigits(c.Name) >= identifyingDigits {
		return masked(c.Name, false, true)
	}
	return shortName(c.Name)
}

// signs are the decimal sign of the amounts, 0 where none has any, and the
// layout of days, "" where they need none. Columns of days that the layout does
// not read are no longer mapped. A register's days have no layout without a century.
func (i *Inspection) signs(days []*Profile) (decimal byte, layout string) {
	for n := range i.Columns {
		c := &i.Columns[n]
		if c.Name != i.Mapped["amount"] || c.Name == "" {
			continue
		}
		switch {
		case c.CommaAmounts > c.PointAmounts:
			decimal = ','
		case c.signs[0] > 0:
			decimal = '.'
		}
	}
	if len(days) == 0 || days[0].Days >= days[0].layouts[days[0].bestLayout()] {
		return decimal, ""
	}
	best := days[0].bestLayout()
	layout, others, read := dateLayouts[best], days[1:], func(c *Profile) int64 { return c.layouts[best] }
	if i.IsRegister && CheckRegisterDateLayout(layout) != nil {
		i.WithoutCentury = layout
		layout, others, read = "", days, func(c *Profile) int64 { return c.Days + c.deaths }
	}
	for name, theirs := range i.Mapped {
		for _, c := range others {
			if c.Name == theirs && read(c)*2 < c.Values {
				delete(i.Mapped, name)
			}
		}
	}
	return decimal, layout
}
