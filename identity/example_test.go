package identity_test

import (
	"fmt"

	"github.com/avstam/avstam/identity"
)

func ExampleParse() {
	for _, given := range []string{
		"196408233234", " 640823-3234", "701063-2391", "16559999-1238", "640823T238", "640823-3235", "64O823-3234", "",
	} {
		text := identity.Parse([]byte(given))
		if text.Kind != identity.NoKind {
			fmt.Println("kind", text.Kind)
		} else {
			fmt.Println("fault", text.Fault)
		}
	}
	// Output:
	// kind personal
	// kind personal
	// kind coordination
	// kind organisation
	// kind interim
	// fault check_digit
	// fault characters
	// fault empty
}

// A numeric column has lost its leading zeros.
func ExampleParseInteger() {
	number, fault := identity.ParseInteger(405102385).In(2024)
	fmt.Println(number.Year(), number.Kind(), fault == identity.NoFault)
	// Output: 2004 personal true
}

// The year of the record decides the century of ten digits.
func ExampleText_In() {
	text := identity.Parse([]byte("640823-3234"))
	for _, paymentYear := range []int{1963, 2024, 2064} {
		number, _ := text.In(paymentYear)
		fmt.Println(paymentYear, number)
	}
	// Output:
	// 1963 1864********
	// 2024 1964********
	// 2064 2064********
}

// With a register at hand, ten digits are the reading that it knows: here a
// pensioner of 101, and no child of 1.
func ExampleText_Older() {
	register := map[identity.Number]bool{identity.Parse([]byte("190508233236")).Number(): true}
	const paymentYear = 2006

	text := identity.Parse([]byte("0508233236"))
	number, fault := text.Younger(paymentYear)
	if !register[number] {
		if older, olderFault := text.Older(paymentYear); register[older] {
			number, fault = older, olderFault
		}
	}
	fmt.Println(number, fault == identity.NoFault)
	// Output: 1905******** true
}

// A hyphen becomes a plus in the calendar year of the hundredth birthday.
func ExampleSeparator_Contradicts() {
	text := identity.Parse([]byte("19240823-3233"))
	for _, paymentYear := range []int{2023, 2024} {
		fmt.Println(paymentYear, text.Separator.Contradicts(text.Number(), paymentYear))
	}
	// Output:
	// 2023 false
	// 2024 true
}

// A number is masked wherever it is formatted.
func ExampleNumber() {
	number := identity.Parse([]byte("19701063-2391")).Number()
	fmt.Println(number)
	fmt.Printf("%d %x %q\n", number, number, []identity.Number{number})
	fmt.Println(fmt.Errorf("cannot pay %v", number))
	// Output:
	// 1970********
	// 1970******** 1970******** [1970********]
	// cannot pay 1970********
}

// AppendDigits is the one way to the digits.
func ExampleNumber_AppendDigits() {
	number := identity.Parse([]byte("19701063-2391")).Number()
	year, month, day, _ := number.Fields()
	fmt.Println(string(number.AppendDigits(nil)))
	fmt.Println(year, month, day, number.IsCoordination())
	// Output:
	// 197010632391
	// 1970 10 63 true
}
