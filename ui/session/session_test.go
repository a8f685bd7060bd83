package session

import (
	"context"
	"testing"
	"time"
)

// patient bounds a wait: it is long because machines that run tests are slow.
const patient = 30 * time.Second

// open returns a session that ends with the test.
func open(t *testing.T, o Options) *Session {
	t.Helper()
	s := New(o)
	t.Cleanup(func() { end(t, s) })
	return s
}

func end(t *testing.T, s *Session) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// until waits for a state.
func until(t *testing.T, s *Session, what string, ok func(State) bool) State {
	t.Helper()
	states, stop := s.Watch()
	defer stop()
	late := time.After(patient)
	var st State
	for {
		select {
		case st = <-states:
			if ok(st) {
				return st
			}
		case <-late:
			t.Fatalf("no %s: phase %s, step %d, message %q", what, st.Train.Phase, st.Train.Progress.Step, st.Message.Text)
		}
	}
}

func TestFirstStateShowsASample(t *testing.T) {
	s := open(t, Options{})
	st := until(t, s, "noisy sample", func(st State) bool { return st.Noisy != nil })
	if !st.Picture.Sample || st.Noise != sampleNoise || st.NoisyPSNR < 15 || st.NoisyPSNR > 25 {
		t.Errorf("picture %+v, noise %+v, PSNR %g, want a sample with noise of about 20 dB", st.Picture, st.Noise, st.NoisyPSNR)
	}
}
