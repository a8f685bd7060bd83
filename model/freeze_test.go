package model

import (
	"math"
	"testing"

	"sieve/model/entropy"
	"sieve/model/nn"
)

// TestTablesCostWhatTheyStandFor compares what numbers of a logistic distribution cost by
// its table with their entropy, for all scales.
func TestTablesCostWhatTheyStandFor(t *testing.T) {
	f := emptyFrozen(DefaultSpec())
	for i := range scales {
		log := float32(leastScale + float64(i)*scaleStep)
		countLogistic(f.tables.Data[i*(mostReach+2):][:mostReach+2], log)
		table, err := f.table(i)
		if err != nil {
			t.Fatalf("table %d: %v", i, err)
		}
		var entropyOf, cost float64
		for v := -4000; v <= 4000; v++ {
			nats, _, _ := nn.LogisticCost(float32(v), log)
			p := math.Exp(-float64(nats))
			entropyOf += p * float64(nats) / math.Ln2
			cost += p * table.Bits(v)
		}
		if cost < entropyOf-1e-4 || cost > 1.002*entropyOf+0.002 {
			t.Errorf("table %d, reach %d: %.5f bits a number, the entropy is %.5f", i, table.Reach(), cost, entropyOf)
		}
		if table.Reach() > mostReach || table.Count(0) < entropy.Whole/400 {
			t.Errorf("table %d: reach %d, 0 has %d", i, table.Reach(), table.Count(0))
		}
	}
}
