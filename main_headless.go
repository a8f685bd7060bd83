//go:build headless

package main

import (
	"fmt"
	"os"
	"strings"

	"sieve/ui/cli"
)

// window says that there is none.
func window([]string) int {
	fmt.Fprintf(os.Stderr, "sieve: this build has no window. It knows the commands %s; see sieve --help.\n", strings.Join(cli.Commands(), ", "))
	return cli.Unusable
}
