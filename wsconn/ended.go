package wsconn

// ended is how reading has ended. That of a reader that goes on is nil. It belongs
// to whoever has the reader's lock.
type ended struct {
	says error // what the application gets when all payload has been taken
	why  error // what has ended reading the transport: only half-close lets it outlive says
	loss error // how the transport has ended, if it has been read to its end
}

// err returns what the application gets when all payload has been taken.
func (e *ended) err() error {
	if e == nil {
		return nil
	}
	return e.says
}

// over returns what has ended reading the transport.
func (e *ended) over() error {
	if e == nil {
		return nil
	}
	return e.why
}

// lost returns how the transport has ended, if it has been read to its end.
func (e *ended) lost() error {
	if e == nil {
		return nil
	}
	return e.loss
}

// ending begins the end.
func (r *reader) ending() *ended {
	if r.ended == nil {
		r.ended = new(ended)
	}
	return r.ended
}

// end makes err what the application gets at the end. Only fail says that
// nothing more is read.
func (r *reader) end(err error) {
	if e := r.ending(); e.says == nil {
		e.says = err
		r.settle()
	}
	r.recycle()
}

// fail ends reading for good; only the first reason counts.
func (r *reader) fail(err error) {
	e := r.ending()
	if e.why != nil {
		return
	}
	e.why = err
	r.r = r.w // nobody will read that
	r.end(err)
	r.s.readFailed(err)
}

// lose is fail at the end of the transport. It returns what has ended reading.
func (r *reader) lose(err error) error {
	r.ending().loss = err
	r.fail(err)
	return r.ended.why
}
