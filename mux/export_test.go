package mux

// Full reports whether there is no room for data to be sent.
func (s *Session) Full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.out.hasRoom()
}
