package session

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"sieve/model"
)

// TestPrecision asks for bf16: where there are tiles it is had, and elsewhere a remark says why not,
// and who insists is refused. A checkpoint goes on in the other precision, with a word.
func TestPrecision(t *testing.T) {
	tiles := model.Tiles() == "available"
	spec := model.DefaultSpec()
	spec.Channels, spec.Crop, spec.Width, spec.Steps, spec.Check, spec.Precision = 0, 0, 4, 3, 10, "bf16"
	job := TrainJob{Data: "builtin:digits", Spec: spec, Out: filepath.Join(t.TempDir(), "m.safetensors")}
	run, err := OpenTraining(t.Context(), job, nil)
	if err != nil {
		t.Fatal(err)
	}
	remarks := run.Remarks()
	if tiles && (len(remarks) > 0 || !run.Trainer().Halved()) {
		t.Errorf("with tiles: remarks %v, halved: %t", remarks, run.Trainer().Halved())
	}
	if !tiles && (len(remarks) != 1 || !errors.Is(remarks[0], errInFull) || !strings.Contains(Words(remarks[0]), "fp32") || run.Trainer().Spec().Precision != "fp32") {
		t.Errorf("without tiles: remarks %v, precision %s", remarks, run.Trainer().Spec().Precision)
	}
	if _, err := run.Run(t.Context(), func(TrainReport) error { return nil }); err != nil {
		t.Fatal(err)
	}
	job.Insist = true
	if _, err := OpenTraining(t.Context(), job, nil); errors.Is(err, errNoTiles) == tiles {
		t.Errorf("insisting: %v", err)
	}
	if err := run.checkpoint(); err != nil {
		t.Fatal(err)
	}
	again := TrainJob{Resume: job.Out + ".checkpoint", Out: job.Out, Spec: model.Spec{Steps: 5, Precision: "fp32"}}
	rest, err := OpenTraining(t.Context(), again, nil)
	if err != nil {
		t.Fatal(err)
	}
	remarks = rest.Remarks()
	if tiles && (len(remarks) != 1 || !errors.Is(remarks[0], errOtherPrecision) || !strings.Contains(Words(remarks[0]), "bf16 before, fp32 now")) {
		t.Errorf("from bf16 to fp32: remarks %v", remarks)
	}
	if !tiles && len(remarks) > 0 || rest.Trainer().Halved() {
		t.Errorf("on in fp32: remarks %v, halved: %t", remarks, rest.Trainer().Halved())
	}
}

// TestPrecisionIsSaidInTheWindow starts a training in bf16 where there are no tiles for it.
func TestPrecisionIsSaidInTheWindow(t *testing.T) {
	if model.Tiles() == "available" {
		t.Skip("this machine has tiles: nothing is to be said")
	}
	s := open(t, Options{})
	spec := tiny()
	spec.Precision = "bf16"
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
	st := until(t, s, "a word on the precision", func(st State) bool { return st.Message.Key == Explain(inFull()).Key })
	if st.Message.Kind != Warning || st.Train.Spec.Precision != "fp32" {
		t.Errorf("the message is of kind %v, the precision %s", st.Message.Kind, st.Train.Spec.Precision)
	}
	s.StopTraining()
}
