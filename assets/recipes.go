package assets

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed recipes/*.json
var recipes embed.FS

// Recipe is how a shipped model is trained, the JSON of its spec, and whether
// there is one of that name.
func Recipe(name string) ([]byte, bool) {
	b, err := recipes.ReadFile("recipes/" + name + ".json")
	return b, err == nil
}

// Recipes are the names of all recipes, sorted.
func Recipes() []string {
	found, err := fs.Glob(recipes, "recipes/*.json")
	if err != nil {
		panic("assets: " + err.Error())
	}
	for i, f := range found {
		found[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return found
}
