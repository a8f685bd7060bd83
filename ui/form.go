package ui

// This file is the form of a model.Spec: every field of it as a control, and
// words beside the one that cannot be.

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"sieve/model"
	"sieve/model/noise"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// A specForm shows a model.Spec and lets a person change it.
type specForm struct {
	rows    []*specRow
	spec    model.Spec
	minutes float64
	changed func() // by a person
}

// A specRow is one field of a form.
type specRow struct {
	name string // of the field in JSON
	fyne.CanvasObject
	target  fyne.CanvasObject // what is clicked
	half    bool              // … the right half of it
	show    func(s model.Spec)
	say     func(s model.Spec) string // its label and value, for people; nil where neither is told
	refused bool                      // by the spec
	field   interface {
		fyne.Disableable
		SetRemark(string)
		Remark() string
	}
}

// at is the field of a spec that its JSON name names.
func at(s *model.Spec, name string) reflect.Value {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			return v.Field(i)
		}
	}
	panic("ui: no field " + name)
}

// text is a field's value in words a choice knows.
func text(v reflect.Value) string { return fmt.Sprint(v.Interface()) }

// edit changes the spec by a person's hand.
func (f *specForm) edit(change func(s *model.Spec)) {
	before := f.spec
	change(&f.spec)
	if f.spec != before {
		f.show()
		f.changed()
	}
}

// choice is a row with a list of words or numbers.
func (f *specForm) choice(name, label string, values, names []string) *widget.Field {
	if len(values) != len(names) {
		panic("ui: each value of " + name + " needs a name for people")
	}
	c := newChoice(func(value string) {
		f.edit(func(s *model.Spec) {
			switch v := at(s, name); v.Kind() {
			case reflect.Int:
				n, _ := strconv.Atoi(value)
				v.SetInt(int64(n))
			case reflect.Bool:
				v.SetBool(value == "true")
			default:
				v.SetString(value)
			}
		})
	}, values, names)
	field := widget.NewField(label, c)
	say := func(s model.Spec) string {
		now := text(at(&s, name))
		if i := slices.Index(values, now); i >= 0 {
			now = names[i]
		}
		return label + " " + now
	}
	f.rows = append(f.rows, &specRow{name: name, target: c, field: field, say: say, show: func(s model.Spec) {
		now := text(at(&s, name))
		if !slices.Contains(values, now) { // a number that is not on the list
			c.offer(append(slices.Clone(values), now), append(slices.Clone(names), now))
		}
		c.set(now)
	}})
	return field
}

// number is a row in which a number is typed.
func (f *specForm) number(name, label string, low, high float64) *widget.NumberEntry {
	n := widget.NewNumberEntry(label, low, high, low)
	whole := at(&f.spec, name).Kind() != reflect.Float64
	n.Whole = whole
	n.OnChanged = func(x float64) {
		f.edit(func(s *model.Spec) {
			switch v := at(s, name); v.Kind() {
			case reflect.Int:
				v.SetInt(int64(x))
			case reflect.Uint64:
				v.SetUint(uint64(x))
			default:
				v.SetFloat(x)
			}
		})
	}
	say := func(s model.Spec) string { return label + " " + text(at(&s, name)) }
	f.rows = append(f.rows, &specRow{name: name, target: n, half: true, field: n, say: say, show: func(s model.Spec) {
		switch v := at(&s, name); v.Kind() {
		case reflect.Int:
			n.SetValue(float64(v.Int()))
		case reflect.Uint64:
			n.SetValue(float64(v.Uint()))
		default:
			n.SetValue(v.Float())
		}
	}})
	return n
}

// set shows another spec without calling back.
func (f *specForm) set(s model.Spec, minutes float64) {
	f.spec, f.minutes = s, minutes
	f.show()
}

// show writes the spec into the controls and what is wrong beside them, and
// returns what is wrong.
func (f *specForm) show() error {
	err := f.wrong()
	var bad *model.SpecError
	var scheme *noise.ParseError
	field, want := "", ""
	switch {
	case errors.As(err, &scheme):
		field, want = "scheme", scheme.Want
	case errors.As(err, &bad):
		field, want = bad.Field, bad.Want
	}
	for _, r := range f.rows {
		r.show(f.spec)
		if r.name == field {
			r.refused = true
			r.field.SetRemark(want)
		} else if r.refused {
			r.refused = false
			r.field.SetRemark("")
		}
	}
	return err
}

// wrong is why no training can start with these settings.
func (f *specForm) wrong() error { return session.CheckSpec(f.spec) }

// able lets a person change the form, or not.
func (f *specForm) able(yes bool) {
	for _, r := range f.rows {
		enable(r.field, yes)
	}
}

// differences say which settings are not the default ones. Steps have a place of their own, and what
// the data decide is no choice.
func (f *specForm) differences(s model.Spec) string {
	usual := model.DefaultSpec()
	var parts []string
	for _, r := range f.rows {
		if r.say == nil || r.name == "steps" || r.name == "channels" || r.name == "crop" {
			continue
		}
		if at(&s, r.name).Interface() != at(&usual, r.name).Interface() {
			parts = append(parts, r.say(s))
		}
	}
	return strings.Join(parts, ", ")
}

// row is the one of a name.
func (f *specForm) row(name string) *specRow {
	return f.rows[slices.IndexFunc(f.rows, func(r *specRow) bool { return r.name == name })]
}

// schemeForm is the part of the form that is one text in the spec: a kind of
// noise and its range of strengths, or a mixture as text.
type schemeForm struct {
	kind    *choice
	low     *widget.NumberEntry
	high    *widget.NumberEntry
	kindRow *widget.Field
	edges   *fyne.Container // low and high
	mixture *textEntry
}

// mixed is the value of the kind while the scheme is a mixture.
const mixed = "mixture"

func newSchemeForm(f *specForm) *schemeForm {
	m := &schemeForm{mixture: newTextEntry(func(text string) { f.edit(func(s *model.Spec) { s.Scheme = text }) })}
	values, names := noiseKinds()
	m.kind = newChoice(func(kind string) {
		if kind == mixed {
			kind = "gaussian:0-50+poisson:0-50"
		} else {
			kind = schemeOf(kind, usualRange(kind))
		}
		f.edit(func(s *model.Spec) { s.Scheme = kind })
	}, append(values, mixed), append(names, lang.L("Mixture")))
	m.kindRow = widget.NewField(lang.L("Noise"), m.kind)
	edge := func(label string) *widget.NumberEntry {
		n := widget.NewNumberEntry(label, 0, 255, 0)
		n.OnChanged = func(float64) {
			f.edit(func(s *model.Spec) {
				s.Scheme = schemeOf(m.kind.value(), [2]float64{min(m.low.Value(), m.high.Value()), m.high.Value()})
			})
		}
		return n
	}
	m.low, m.high = edge(lang.L("From")), edge(lang.L("to"))
	m.edges = row(m.low, m.high)
	f.rows = append(f.rows, &specRow{name: "scheme", target: m.kind, field: m, show: m.show, say: func(s model.Spec) string {
		kind, strength, _ := strings.Cut(s.Scheme, ":")
		if strings.Contains(s.Scheme, "+") {
			return lang.L("Noise") + " " + s.Scheme
		}
		return strings.TrimSpace(lang.L("Noise") + " " + kindName(kind) + " " + strings.ReplaceAll(strength, "-", "–"))
	}})
	return m
}

// Enable, Disable and Disabled reach all parts of it.
func (m *schemeForm) Enable()        { m.able(true) }
func (m *schemeForm) Disable()       { m.able(false) }
func (m *schemeForm) Disabled() bool { return m.kindRow.Disabled() }

func (m *schemeForm) able(yes bool) {
	for _, d := range []fyne.Disableable{m.kindRow, m.low, m.high, m.mixture} {
		enable(d, yes)
	}
}

// SetRemark and Remark are those of a field.
func (m *schemeForm) SetRemark(text string) { m.kindRow.SetRemark(text) }
func (m *schemeForm) Remark() string        { return m.kindRow.Remark() }

// show writes the parts of a scheme into the controls.
func (m *schemeForm) show(s model.Spec) {
	kind, edges, ok := partScheme(s.Scheme)
	visible(m.edges, ok && kind != "none")
	m.kind.set(kind)
	m.mixture.set(s.Scheme)
	m.mixture.Hidden = kind != mixed
	for i, n := range []*widget.NumberEntry{m.low, m.high} {
		if ok {
			n.Max = max(1, kindOf(kind).Max)
			n.SetValue(edges[i])
		}
	}
}

// partScheme takes a scheme of one kind apart. What is none is a mixture.
func partScheme(scheme string) (kind string, edges [2]float64, ok bool) {
	parsed, err := noise.Parse(scheme)
	if err != nil {
		return mixed, edges, false
	}
	plain := fmt.Sprint(parsed)
	if strings.Contains(plain, "+") {
		return mixed, edges, false
	}
	kind, strength, _ := strings.Cut(plain, ":")
	low, high, ranged := strings.Cut(strength, "-")
	if !ranged {
		high = low
	}
	edges[0], _ = strconv.ParseFloat(low, 64)
	edges[1], _ = strconv.ParseFloat(high, 64)
	return kind, edges, true
}

// schemeOf is the text of a kind with a range of strengths.
func schemeOf(kind string, edges [2]float64) string {
	if kind == "none" || kind == "" {
		return "none"
	}
	return fmt.Sprintf("%s:%s-%s", kind, number(edges[0]), number(edges[1]))
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func kindOf(name string) noise.Kind {
	kinds := noise.Kinds()
	return kinds[max(0, slices.IndexFunc(kinds, func(k noise.Kind) bool { return k.Name == name }))]
}

// usualRange is what a kind of noise begins with: from nothing to twice its usual
// strength; the blind spot, which is no noise but a way to learn from it, has one.
func usualRange(kind string) [2]float64 {
	k := kindOf(kind)
	if k.Lesson {
		return [2]float64{k.Default, k.Default}
	}
	return [2]float64{0, math.Min(2*k.Default, k.Max)}
}

// noiseKinds are the kinds of noise and their names for people.
func noiseKinds() (values, names []string) {
	for _, k := range noise.Kinds() {
		values, names = append(values, k.Name), append(names, kindName(k.Name))
	}
	return values, names
}

func kindName(kind string) string {
	switch kind {
	case "none":
		return lang.L("None")
	case "gaussian":
		return lang.L("Gaussian")
	case "poisson":
		return lang.L("Shot (Poisson)")
	case "speckle":
		return lang.L("Speckle")
	case "saltpepper":
		return lang.L("Salt and pepper")
	case "masked":
		return lang.L("Masked squares")
	case "camera":
		return lang.L("Camera")
	case "blindspot":
		return lang.L("Blind spot")
	case "pairs":
		return lang.L("Pixel pairs")
	case session.OwnNoise:
		return lang.L("Its own (few samples)")
	}
	return kind
}
