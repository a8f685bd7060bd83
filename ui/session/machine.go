package session

// This file tells what this machine can do.

import (
	"fmt"
	"runtime"
	"strings"

	"sieve/model"
)

// A MachineReport says which kernels run here.
type MachineReport struct {
	Platform string   `json:"platform"`
	Cores    int      `json:"cores"`
	Kernel   string   `json:"kernel"`  // in use
	Kernels  []string `json:"kernels"` // that could be, the best first
}

// Machine looks at this machine.
func Machine() MachineReport {
	kinds := model.Kernels()
	return MachineReport{runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), kinds[0], kinds}
}

// Facts are the same for people.
func (m MachineReport) Facts() []Fact {
	why := "the fastest that this processor has"
	if m.Kernel == "go" {
		why = "plain Go: this processor, or this build, has no vector kernels"
	}
	return []Fact{
		{"Platform", m.Platform}, {"Processors", fmt.Sprint(m.Cores)},
		{"Kernel", m.Kernel + ", " + why}, {"Could run", strings.Join(m.Kernels, ", ")},
	}
}
