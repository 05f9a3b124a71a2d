package meter

// AddLink is AddSession of what is no mux.Session, which could not be in a bubble
// of synctest.
func (b *Book) AddLink(name string, l link) (remove func()) { return b.add(name, l) }
