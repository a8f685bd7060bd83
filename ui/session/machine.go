package session

// This file tells what this machine can do.

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"sieve/model"
)

// A MachineReport says which kernels run here.
type MachineReport struct {
	Platform string        `json:"platform"`
	CPU      string        `json:"cpu"` // as it calls itself, or ""
	Cores    int           `json:"cores"`
	Kernel   string        `json:"kernel"`  // in use
	Kernels  []string      `json:"kernels"` // that could be, the best first
	Found    []KernelState `json:"found"`   // all there are, and why some cannot run
	Tiles    string        `json:"tiles"`   // whether bf16 is multiplied in tiles (AMX): a state like those
}

// A KernelState says whether a kernel runs here: a key of reasons.
type KernelState struct {
	Kernel string `json:"kernel"`
	State  string `json:"state"`
}

// reasons are what the state of a kernel means.
var reasons = map[string]string{
	"available":    "runs here",
	"missing":      "this processor cannot do it",
	"switched off": "this processor can, but the operating system or a virtual machine has switched it off",
	"foreign":      "made for other processors",
	"left out":     "this build was made without it (tag purego)",
}

// Machine looks at this machine.
func Machine() MachineReport {
	m := MachineReport{Platform: runtime.GOOS + "/" + runtime.GOARCH, CPU: processor(), Cores: runtime.NumCPU()}
	for _, f := range model.Kernels() {
		m.Found = append(m.Found, KernelState{f.Kind, f.State})
		if f.State == "available" {
			m.Kernels = append(m.Kernels, f.Kind)
		}
	}
	m.Kernel = m.Kernels[0]
	m.Tiles = model.Tiles()
	return m
}

// processor returns what Linux says the processor is called, and "" elsewhere.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Facts are the same for people.
func (m MachineReport) Facts() []Fact {
	facts := []Fact{{"Platform", m.Platform}}
	if m.CPU != "" {
		facts = append(facts, Fact{"Processor", m.CPU})
	}
	facts = append(facts, Fact{"Cores", fmt.Sprint(m.Cores)}, Fact{"Kernel", m.Kernel + ", the fastest that runs here"})
	for _, k := range m.Found {
		facts = append(facts, Fact{"  " + k.Kernel, reasons[k.State]})
	}
	facts = append(facts, Fact{"Tiles of bf16", reasons[m.Tiles] + " (AMX; for --precision bf16)"})
	return facts
}
