package cli

import (
	"fmt"
	"slices"

	"sieve/ui/session"
)

// precision is the flag of commands that can work in bf16.
type precision struct {
	Precision string `help:"fp32, or bf16: what convolutions multiply is rounded, which is faster on processors with AMX and of no use on others; bf16! insists on it." default:"fp32" placeholder:"fp32|bf16|bf16!"`
}

var precisions = []string{"fp32", "bf16", "bf16!"}

const wrongPrecision = "--precision is fp32, bf16 or bf16!"

// half tells whether bf16 was asked for, and is of use here.
func (p precision) half(s Streams, command string) (bool, error) {
	if !slices.Contains(precisions, p.Precision) {
		return false, usage(s, command, wrongPrecision)
	}
	if p.Precision == "fp32" {
		return false, nil
	}
	yes, remark, err := session.Halves(p.Precision == "bf16!")
	if remark != nil {
		fmt.Fprintf(s.Err, "sieve: %s\n", session.Words(remark))
	}
	return yes, err
}
