package rules

import "github.com/avstam/avstam/register"

var closedNumber = &Rule{
	Name:    "closed_number",
	Title:   "Closed number in use",
	Doc:     "Another number has replaced this one: it is closed (vilande och stängt), because the person got a personal number or already had another coordination number, or it is deregistered as an old number (code GN or GS). use_number is the end of the chain of links.",
	Action:  "Change the record to use_number. Where the chain is broken, ask the register.",
	Details: "use_personal_number, use_coordination_number, link_missing, link_unknown, link_loop",
	Swedish: Texts{
		Title:   "Stängt nummer används",
		Doc:     "Ett annat nummer har ersatt detta: det är vilandeförklarat och stängt, eftersom personen har fått ett personnummer eller redan hade ett annat samordningsnummer, eller avregistrerat som gammalt nummer (kod GN eller GS). use_number är slutet på kedjan av hänvisningar.",
		Action:  "Ändra posten till use_number. Fråga Skatteverket där kedjan är bruten.",
		Details: "use_personal_number (använd personnumret), use_coordination_number (använd det andra samordningsnumret), link_missing (hänvisning saknas), link_unknown (hänvisning till okänt nummer), link_loop (hänvisningarna går i cirkel)",
	},
	Severity:  Error,
	Direction: OnRecord,
	Laws:      []Law{lawInactiveChapter},
	Looks:     ReplacedRows,
	Find: func(f *Facts, rows []int32, hits *Hits) {
		for _, row := range rows {
			chain := f.chain(row)
			switch {
			case chain.Break != register.Whole:
				hits.Add(row, chainBreaks[chain.Break])
			case chain.Number.IsCoordination():
				hits.Add(row, "use_coordination_number")
			default:
				hits.Add(row, "use_personal_number")
			}
		}
	},
}

var chainBreaks = [...]string{
	register.LinkMissing: "link_missing",
	register.LinkUnknown: "link_unknown",
	register.LinkLoop:    "link_loop",
}
