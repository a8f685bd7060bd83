package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"sieve/model/tensor"
)

// ErrFormat reports a stream that is not a model, or a damaged one.
var ErrFormat = errors.New("model: not a model file")

// Model files are safetensors: eight bytes of header length, a JSON header that
// names every tensor, then the numbers. The spec and what else is known stand in
// __metadata__, and with them the SHA-256 of header and numbers as they are with
// zeros in its own place: a file with a flipped bit is refused.
const (
	format     = "sieve/1"
	noHash     = "0000000000000000000000000000000000000000000000000000000000000000"
	maxHeader  = 1 << 20
	prefixM    = "adam.m."
	prefixV    = "adam.v."
	prefixAvg  = "average."
	prefixBest = "best."
)

// A named tensor on its way to or from a file.
type named struct {
	name  string
	val   *tensor.Tensor
	whole bool // whole numbers, which are always written as they are
}

// as returns how the numbers are written where others are written so.
func (t named) as(others dtype) dtype {
	switch {
	case !t.whole:
		return others
	case slices.ContainsFunc(t.val.Data, func(v float32) bool { return short.round(v) != math.Float32bits(v) }):
		return full
	}
	return short
}

// A dtype is how numbers are written.
type dtype struct {
	name  string
	bytes int
	put   func(to []byte, v float32) []byte
	get   func(from []byte) float32
}

// round returns the bits of what v is read as.
func (d dtype) round(v float32) uint32 { return math.Float32bits(d.get(d.put(nil, v))) }

var (
	full = dtype{"F32", 4,
		func(to []byte, v float32) []byte { return binary.LittleEndian.AppendUint32(to, math.Float32bits(v)) },
		func(from []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(from)) }}
	half = dtype{"F16", 2,
		func(to []byte, v float32) []byte { return binary.LittleEndian.AppendUint16(to, toHalf(v)) },
		func(from []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(from)) }}
	short = dtype{"I16", 2,
		func(to []byte, v float32) []byte { return binary.LittleEndian.AppendUint16(to, uint16(int16(v))) },
		func(from []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(from))) }}
	dtypes = map[string]dtype{full.name: full, half.name: half, short.name: short}
)

// entry is what the header says of a tensor.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Save writes the model as safetensors: weights as F32 under their names (whole numbers
// as I16 where that holds them), the spec in the metadata. It opens in Python and in Netron. A convolution's
// weights are (K, K, Cin, Cout), a transposed one's (K, K, Cout, Cin).
func (m *Model) Save(w io.Writer) error {
	return m.save(w, full)
}

func (m *Model) save(w io.Writer, as dtype) error {
	meta, err := m.metadata()
	if err != nil {
		return err
	}
	all := m.named("")
	if m.Spec.Bottleneck == "quantised" {
		f, err := m.decides()
		if err != nil {
			return fmt.Errorf("model: save: %w", err)
		}
		all = append(all, f.named()...)
	}
	return write(w, meta, all, as)
}

// SaveHalf is Save with weights as F16: half the bytes, and weights that are off by
// 2⁻¹¹ of their magnitude at most. It fails where a weight is beyond ±65504.
func (m *Model) SaveHalf(w io.Writer) error {
	for name, p := range m.Params() {
		for _, v := range p.Val.Data {
			if h := fromHalf(toHalf(v)); !finite(float64(h)) {
				return fmt.Errorf("model: save: %s holds %g, which half precision cannot hold", name, v)
			}
		}
	}
	return m.save(w, half)
}

func (m *Model) metadata() (map[string]string, error) {
	spec, err := json.Marshal(m.Spec)
	if err != nil {
		return nil, fmt.Errorf("model: save: %w", err)
	}
	info, err := json.Marshal(m.Info)
	if err != nil {
		return nil, fmt.Errorf("model: save: %w", err)
	}
	meta := map[string]string{"format": format, "sha256": noHash, "spec": string(spec), "info": string(info)}
	if m.Normal != nil { // in the metadata, which a program that knows nothing of it passes over
		text, err := json.Marshal(m.Normal)
		if err != nil {
			return nil, fmt.Errorf("model: save: %w", err)
		}
		meta["normal"] = string(text)
	}
	return meta, nil
}

func (m *Model) named(prefix string) []named {
	var out []named
	for name, p := range m.Params() {
		out = append(out, named{name: prefix + name, val: p.Val})
	}
	return out
}

// Read returns the model that Save, SaveHalf or Trainer.Save wrote. It takes no more
// memory than a small multiple of what it could read. Errors wrap ErrFormat, or
// are the reader's.
func Read(r io.Reader) (*Model, error) {
	f, err := read(r)
	if err != nil {
		return nil, err
	}
	m, err := newModel(f.spec, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	m.Info, m.Normal = f.info, f.normal
	all := m.named("")
	if _, ok := f.entries["frozen.order"]; ok && f.spec.Bottleneck == "quantised" {
		m.frozen = emptyFrozen(f.spec)
		all = append(all, m.frozen.named()...)
	}
	if err := f.fill(all); err != nil {
		return nil, err
	}
	if m.frozen != nil {
		if err := m.frozen.check(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
	}
	return m, nil
}

// state is what a checkpoint knows beside the weights.
type state struct {
	Data     string `json:"data"`      // name of what is learned from
	OptSteps int    `json:"opt_steps"` // of the optimiser since it last started anew
	Best     *Info  `json:"best,omitempty"`
}

// Save writes a checkpoint: all that a run needs to go on as if it had never
// stopped. data names what it learns from, for whoever resumes.
func (tr *Trainer) Save(w io.Writer, data string) error {
	meta, err := tr.m.metadata()
	if err != nil {
		return err
	}
	st := state{Data: data, OptSteps: tr.opt.Steps}
	all := tr.m.named("")
	if tr.best != nil {
		st.Best = &tr.bestInfo
	}
	for _, part := range tr.parts() {
		if part.of != nil {
			all = append(all, part.named(tr.m)...)
		}
	}
	text, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("model: save: %w", err)
	}
	meta["training"] = string(text)
	return write(w, meta, all, full)
}

// A part is a set of tensors shaped like the parameters.
type part struct {
	prefix string
	of     []*tensor.Tensor
}

func (tr *Trainer) parts() []part {
	return []part{{prefixM, tr.opt.M}, {prefixV, tr.opt.V}, {prefixAvg, tr.average}, {prefixBest, tr.best}}
}

func (p part) named(m *Model) []named {
	out := m.named(p.prefix)
	for i := range out {
		out[i].val = p.of[i]
	}
	return out
}

// Resume returns the trainer that Save wrote. Errors wrap ErrFormat, or are the
// reader's.
func Resume(r io.Reader, train, held Source) (*Trainer, error) {
	f, err := read(r)
	if err != nil {
		return nil, err
	}
	if f.training == nil {
		return nil, fmt.Errorf("%w: a finished model, not a checkpoint", ErrFormat)
	}
	tr, err := NewTrainer(f.spec, train, held)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	tr.m.Info = f.info
	tr.opt.Steps = f.training.OptSteps
	if f.training.Best != nil {
		tr.best, tr.bestInfo = copies(tr.params), *f.training.Best
	}
	all := tr.m.named("")
	for _, part := range tr.parts() {
		if part.of != nil {
			all = append(all, part.named(tr.m)...)
		}
	}
	if err := f.fill(all); err != nil {
		return nil, err
	}
	return tr, nil
}

// CheckpointData returns the name of the data a checkpoint learns from, with its
// spec.
func CheckpointData(r io.Reader) (data string, spec Spec, err error) {
	f, err := readHeader(r)
	if err != nil {
		return "", Spec{}, err
	}
	if f.training == nil {
		return "", Spec{}, fmt.Errorf("%w: a finished model, not a checkpoint", ErrFormat)
	}
	return f.training.Data, f.spec, nil
}

func write(w io.Writer, meta map[string]string, tensors []named, as dtype) error {
	header := map[string]any{"__metadata__": meta}
	var at int64
	for _, t := range tensors {
		as := t.as(as)
		end := at + int64(as.bytes)*int64(len(t.val.Data))
		header[t.name] = entry{as.name, t.val.Shape, [2]int64{at, end}}
		at = end
	}
	text, err := json.Marshal(header) // maps are written in order of their keys
	if err != nil {
		return fmt.Errorf("model: save: %w", err)
	}
	text = append(text, strings.Repeat(" ", (8-len(text)%8)%8)...) // tensors are aligned
	hash := sha256.New()
	hash.Write(text)
	if err := writeNumbers(hash, tensors, as); err != nil {
		return err
	}
	text = bytes.Replace(text, []byte(noHash), []byte(hex.EncodeToString(hash.Sum(nil))), 1)
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)); err != nil {
		return fmt.Errorf("model: save: %w", err)
	}
	return writeNumbers(w, tensors, as)
}

func writeNumbers(w io.Writer, tensors []named, as dtype) error {
	buf := make([]byte, 0, 1<<16)
	for _, t := range tensors {
		as := t.as(as)
		for chunk := range slices.Chunk(t.val.Data, cap(buf)/as.bytes) {
			buf = buf[:0]
			for _, v := range chunk {
				buf = as.put(buf, v)
			}
			if _, err := w.Write(buf); err != nil {
				return fmt.Errorf("model: save %s: %w", t.name, err)
			}
		}
	}
	return nil
}

// file is what a stream held.
type file struct {
	spec     Spec
	info     Info
	normal   *Normal // nil: the model knows nothing of good pictures
	training *state
	entries  map[string]entry
	header   []byte // with zeros in place of the hash
	sum      string // the hash
	body     []byte
}

// readHeader reads and checks all but the numbers.
func readHeader(r io.Reader) (*file, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, cutShort("header", err)
	}
	size := binary.LittleEndian.Uint64(head[:])
	if size > maxHeader {
		return nil, fmt.Errorf("%w: a header of %d bytes, the limit is %d", ErrFormat, size, maxHeader)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, cutShort("header", err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	var meta map[string]string
	if err := json.Unmarshal(raw["__metadata__"], &meta); err != nil || meta["format"] != format {
		return nil, fmt.Errorf("%w: its metadata does not name the format %q", ErrFormat, format)
	}
	f := &file{entries: map[string]entry{}, sum: meta["sha256"]}
	if len(f.sum) != len(noHash) || f.sum == noHash {
		return nil, fmt.Errorf("%w: its metadata holds no hash", ErrFormat)
	}
	f.header = bytes.Replace(text, []byte(f.sum), []byte(noHash), 1)
	if err := strict(meta["spec"], &f.spec); err != nil {
		return nil, fmt.Errorf("%w: spec: %w", ErrFormat, err)
	}
	if f.spec.Precision == "" { // of before there was a choice
		f.spec.Precision = "fp32"
	}
	if err := f.spec.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := strict(meta["info"], &f.info); err != nil {
		return nil, fmt.Errorf("%w: info: %w", ErrFormat, err)
	}
	if text, ok := meta["training"]; ok {
		f.training = new(state)
		if err := strict(text, f.training); err != nil {
			return nil, fmt.Errorf("%w: training: %w", ErrFormat, err)
		}
	}
	if text, ok := meta["normal"]; ok {
		f.normal = new(Normal)
		if err := strict(text, f.normal); err != nil {
			return nil, fmt.Errorf("%w: normal: %w", ErrFormat, err)
		}
		if err := f.normal.check(f.spec); err != nil {
			return nil, err
		}
	}
	delete(raw, "__metadata__")
	for name, text := range raw {
		var e entry
		if err := strict(string(text), &e); err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", ErrFormat, name, err)
		}
		f.entries[name] = e
	}
	return f, nil
}

// strict parses one JSON value that has only known fields.
func strict(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

// read reads a whole file. Memory grows with what arrives, not with what the
// header promises.
func read(r io.Reader) (*file, error) {
	f, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	// Weights, two moments, averages and best: five sets at most.
	limit := int64(5*4)*int64(f.spec.Count()) + 1
	if f.spec.Bottleneck == "quantised" {
		for _, t := range emptyFrozen(f.spec).named() {
			limit += 4 * int64(len(t.val.Data))
		}
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("model: read: %w", err)
	}
	var end int64
	for _, e := range f.entries {
		end = max(end, e.Offsets[1])
	}
	if n != end {
		return nil, fmt.Errorf("%w: it holds %d bytes of weights, its header says %d", ErrFormat, n, end)
	}
	if need := int64(half.bytes) * int64(f.spec.Count()); n < need {
		return nil, fmt.Errorf("%w: it holds %d bytes of weights, its settings need %d", ErrFormat, n, need)
	}
	f.body = body.Bytes()
	hash := sha256.New()
	hash.Write(f.header)
	hash.Write(f.body)
	if hex.EncodeToString(hash.Sum(nil)) != f.sum {
		return nil, fmt.Errorf("%w: its contents do not match its hash: it is damaged", ErrFormat)
	}
	return f, nil
}

// fill reads exactly these tensors, which must cover the file without gap or
// overlap.
func (f *file) fill(tensors []named) error {
	if len(tensors) != len(f.entries) && f.training == nil {
		return fmt.Errorf("%w: it holds %d tensors, its spec needs %d", ErrFormat, len(f.entries), len(tensors))
	}
	spans := make([][2]int64, 0, len(f.entries))
	for name, e := range f.entries {
		n := int64(1)
		for _, d := range e.Shape {
			if d < 0 || n > math.MaxInt32 || int64(d) > math.MaxInt32 {
				return fmt.Errorf("%w: tensor %q has shape %v", ErrFormat, name, e.Shape)
			}
			n *= int64(d)
		}
		as, ok := dtypes[e.DType]
		if !ok || e.Offsets[0] < 0 || e.Offsets[1]-e.Offsets[0] != int64(as.bytes)*n {
			return fmt.Errorf("%w: tensor %q: %s %v does not fit the bytes %v", ErrFormat, name, e.DType, e.Shape, e.Offsets)
		}
		spans = append(spans, e.Offsets)
	}
	slices.SortFunc(spans, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	var at int64
	for _, s := range spans {
		if s[0] != at {
			return fmt.Errorf("%w: a gap or overlap at byte %d of the weights", ErrFormat, at)
		}
		at = s[1]
	}
	for _, t := range tensors {
		e, ok := f.entries[t.name]
		if !ok {
			return fmt.Errorf("%w: tensor %q is missing", ErrFormat, t.name)
		}
		if !slices.Equal(e.Shape, t.val.Shape) {
			return fmt.Errorf("%w: tensor %q has shape %v, its spec needs %v", ErrFormat, t.name, e.Shape, t.val.Shape)
		}
		b := f.body[e.Offsets[0]:e.Offsets[1]]
		as := dtypes[e.DType]
		for i := range t.val.Data {
			v := as.get(b[as.bytes*i:])
			if !finite(float64(v)) {
				return fmt.Errorf("%w: tensor %q holds %g", ErrFormat, t.name, v)
			}
			t.val.Data[i] = v
		}
	}
	return nil
}

func cutShort(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends within its %s", ErrFormat, what)
	}
	return fmt.Errorf("model: read: %w", err)
}
