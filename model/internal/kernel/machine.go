package kernel

// What a Finding can say of an implementation.
const (
	Available   = "available"    // runs here
	Missing     = "missing"      // the processor cannot do it
	SwitchedOff = "switched off" // the processor could, the operating system does not let it
	Foreign     = "foreign"      // made for other processors
	LeftOut     = "left out"     // of this build, by the tag purego
)

// A Finding is the state of one implementation.
type Finding struct{ Kind, State string }

// Kinds lists the implementations that this machine can run, best first: the
// names that NewScratch takes.
func Kinds() []string {
	var kinds []string
	for _, f := range Survey() {
		if f.State == Available {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

// Burst multiplies and adds numbers in registers, as fast as the named kind can,
// and returns how many operations that were: rounds of some dozen vectors. It
// measures the ceiling of all products.
func Burst(kind string, rounds int) float64 {
	if f, perRound := burst(kind); f != nil {
		f(rounds)
		return perRound * float64(rounds)
	}
	return plainBurst(rounds)
}

// plainBurst is Burst in plain Go: eight sums that do not wait for each other.
func plainBurst(rounds int) float64 {
	var a, b, c, d, e, f, g, h float32
	for i := range rounds {
		x := float32(i & 1)
		a += float32(x * 1.5)
		b += float32(x * 1.5)
		c += float32(x * 1.5)
		d += float32(x * 1.5)
		e += float32(x * 1.5)
		f += float32(x * 1.5)
		g += float32(x * 1.5)
		h += float32(x * 1.5)
	}
	if a+b+c+d+e+f+g+h < 0 { // so that the compiler leaves them alone
		panic("kernel: burst: sums of nothing negative are negative")
	}
	return 16 * float64(rounds)
}
