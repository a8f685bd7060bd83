package assets

import (
	"embed"
	"io/fs"
)

//go:embed lessons/*.json
var lessons embed.FS

// Lessons are the files of the lessons, in the order in which they build on each other:
// their names begin with a number.
func Lessons() [][]byte {
	found, err := fs.Glob(lessons, "lessons/*.json")
	if err != nil {
		panic("assets: " + err.Error())
	}
	all := make([][]byte, len(found))
	for i, name := range found {
		if all[i], err = lessons.ReadFile(name); err != nil {
			panic("assets: " + err.Error())
		}
	}
	return all
}
