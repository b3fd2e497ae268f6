package report

import (
	"errors"
	"fmt"
	"maps"

	"github.com/avstam/avstam/pipeline"
)

// ErrUnbalanced says that rows or öre have gone missing or appeared.
var ErrUnbalanced = errors.New("the ledger does not balance")

// Terms are what has been counted of one file while it was read and checked.
type Terms struct {
	Read     pipeline.Tally `json:"read"`     // by the readers
	Rejected pipeline.Tally `json:"rejected"` // by the readers
	Clean    pipeline.Tally `json:"clean"`    // by the checker
	Flagged  pipeline.Tally `json:"flagged"`  // by the checker
}

// Account is a number of rows and what they amount to. A currency whose sum is
// zero is left out.
type Account struct {
	Rows          int64                   `json:"rows"`
	WithoutAmount int64                   `json:"without_amount,omitempty"` // of the rows, those whose amount could not be read
	Amounts       map[string]pipeline.Sum `json:"amounts"`                  // kronor or the like, by currency

	byCurrency map[string]int64 // rows of each amount, of those whose sum is zero too
}

// accountOf is a tally with the currencies by name.
func accountOf(tally *pipeline.Tally, currencies [][]byte) Account {
	account := Account{Rows: tally.Rows, WithoutAmount: tally.NoAmount, Amounts: map[string]pipeline.Sum{}, byCurrency: map[string]int64{}}
	for number, sum := range tally.Amounts {
		currency := string(currencies[number])
		if !sum.IsZero() {
			account.Amounts[currency] = sum
		}
		if rows := tally.WithAmount[number]; rows > 0 {
			account.byCurrency[currency] = rows
		}
	}
	return account
}

// addAmounts adds amounts to sums, by currency.
func addAmounts(to, amounts map[string]pipeline.Sum) {
	for currency, amount := range amounts {
		sum := to[currency]
		sum.AddSum(amount)
		to[currency] = sum
	}
}

// plus is the sum of accounts.
func plus(accounts ...Account) Account {
	total := Account{Amounts: map[string]pipeline.Sum{}, byCurrency: map[string]int64{}}
	for _, account := range accounts {
		total.Rows += account.Rows
		total.WithoutAmount += account.WithoutAmount
		addAmounts(total.Amounts, account.Amounts)
		for currency, rows := range account.byCurrency {
			total.byCurrency[currency] += rows
		}
	}
	maps.DeleteFunc(total.Amounts, func(_ string, sum pipeline.Sum) bool { return sum.IsZero() })
	return total
}

// difference says how two accounts differ; it is empty where they do not.
func difference(a, b Account) string {
	switch {
	case a.Rows != b.Rows:
		return fmt.Sprintf("%d and %d rows", a.Rows, b.Rows)
	case a.WithoutAmount != b.WithoutAmount:
		return fmt.Sprintf("%d and %d rows without an amount", a.WithoutAmount, b.WithoutAmount)
	case !maps.Equal(a.Amounts, b.Amounts):
		return fmt.Sprintf("sums of %v and %v", a.Amounts, b.Amounts)
	}
	return ""
}

// FileLedger are the terms of one file.
type FileLedger struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Balance
}

// Balance are the terms of read = clean + flagged + rejected.
type Balance struct {
	Read     Account `json:"read"`
	Clean    Account `json:"clean"`
	Flagged  Account `json:"flagged"`
	Rejected Account `json:"rejected"`
}

// Ledger accounts for every row that was read, file by file.
type Ledger struct {
	Files []FileLedger `json:"files"`
	Total Balance      `json:"total"`
}

// newLedger is the ledger of what was counted while reading and checking; terms
// are as long as files.
func newLedger(files []File, terms []Terms, currencies [][]byte) Ledger {
	var ledger Ledger
	for i, file := range files {
		ledger.Files = append(ledger.Files, FileLedger{Source: file.Source, File: file.Path, Balance: Balance{
			Read:     accountOf(&terms[i].Read, currencies),
			Clean:    accountOf(&terms[i].Clean, currencies),
			Flagged:  accountOf(&terms[i].Flagged, currencies),
			Rejected: accountOf(&terms[i].Rejected, currencies),
		}})
	}
	ledger.Total = ledger.total()
	return ledger
}

func (l *Ledger) total() Balance {
	var total Balance
	for i := range l.Files {
		b := &l.Files[i].Balance
		total.Read = plus(total.Read, b.Read)
		total.Clean = plus(total.Clean, b.Clean)
		total.Flagged = plus(total.Flagged, b.Flagged)
		total.Rejected = plus(total.Rejected, b.Rejected)
	}
	return total
}

// Check tells every file and term that does not balance: read against the sum
// of the others, and flagged and rejected against what was counted again in the
// tables that were written, where they were. All errors wrap ErrUnbalanced.
func (l *Ledger) Check(tables []Recount) error {
	var errs []error
	differ := func(file, what, difference string) {
		if difference != "" {
			errs = append(errs, fmt.Errorf("%s: %s: %s: %w", file, what, difference, ErrUnbalanced))
		}
	}
	for i := range l.Files {
		f := &l.Files[i]
		differ(f.File, "rows read, and clean, flagged and rejected together", difference(f.Read, plus(f.Clean, f.Flagged, f.Rejected)))
		for _, table := range tables {
			counted, term := f.Flagged, "records flagged by the checker"
			if table.Rejects {
				counted, term = f.Rejected, "rows rejected by the reader"
			}
			differ(f.File, term+", and in "+table.Name, difference(counted, table.Files[i]))
		}
	}
	total := l.total()
	for _, term := range []struct {
		name string
		a, b Account
	}{{"read", l.Total.Read, total.Read}, {"clean", l.Total.Clean, total.Clean}, {"flagged", l.Total.Flagged, total.Flagged}, {"rejected", l.Total.Rejected, total.Rejected}} {
		differ("all files", "the total of rows "+term.name+", and the files' together", difference(term.a, term.b))
	}
	return errors.Join(errs...)
}
