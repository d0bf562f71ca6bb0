/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A heap in the shared data, used by all calls of an export at once.  Included
 * by code of an image after <elisa/sub.h>.
 *
 *	struct shared {			at the start of the shared data
 *		uint64_t list;		offset of the first item, or 0
 *		struct elisa_heap heap;
 *	};
 *
 *	err = elisa_heap_init(&shared->heap, sizeof(*shared), end);
 *	err = elisa_heap_alloc(&shared->heap, sizeof(*item), &shared->list);
 *	item = elisa_heap_at(&shared->heap, shared->list, sizeof(*item));
 *	err = elisa_heap_free(&shared->heap, &shared->list);
 *
 * Blocks are named by their offsets in the shared data, because the manager and
 * tests have it at other addresses than calls.  0 is no block.
 *
 * Memory.  Sizes are rounded up to ELISA_HEAP_UNIT << n, n = 0, 1, ...  A byte
 * for each unit, its tag, says what begins there; the rest is blocks (a buddy
 * allocator).  Each operation takes the heap's lock for a time that is bounded
 * by the number of sizes, 23 at most, but for two: the initialization and what
 * repairs the heap after a death read and write each tag.
 *
 * Death.  A call can end at any of its instructions.  Tags are changed so that
 * they describe a heap after each store, and the heap says which one block is
 * just being given away or taken back, and where its offset stands.  So,
 * whenever a call dies in elisa_heap_alloc() or elisa_heap_free():
 *
 *  - no other block is lost, handed out twice or changed;
 *  - if the offset stands in the shared data, either it names the block and
 *    that is allocated, or it does not and that is free.  Nothing leaks.
 *
 * What a call has allocated into a variable of its own is lost when it dies
 * before it stores that.  Whoever takes the lock next repairs the heap, without
 * anybody's noticing but by the time it takes.
 *
 * Trust.  Only code of the image and the manager write the shared data.  Should
 * they spoil the heap nevertheless: the links between free blocks lie in these,
 * where a block that is used after it was freed spoils them, so they are
 * checked, and made anew from the tags, which no block adjoins.  Tags and
 * header are checked, too; what they describe is used only as far as it lies
 * within the shared data, and if it is no heap, operations fail with -EIO.
 * Nothing here loops for ever or leaves the shared data.
 */
#ifndef _ELISA_ALLOC_H
#define _ELISA_ALLOC_H

#ifndef _ELISA_SUB_H
#error "include <elisa/sub.h>"
#endif

#include <linux/errno.h>

/* Smallest block, and alignment of all; bytes. */
#define ELISA_HEAP_UNIT 64
/* Sizes of blocks: ELISA_HEAP_UNIT << 0..22, up to the shared data's limit. */
#define ELISA_HEAP_ORDERS 23

/* Tags.  0: no block begins at the unit; else one of these, and the order. */
#define _ELISA_HEAP_FREE  0x40
#define _ELISA_HEAP_USED  0x80
#define _ELISA_HEAP_ORDER 0x1f

/**
 * struct elisa_heap - the header of a heap, in the shared data
 * @lock: held while anything of the heap is changed
 * @ready: 0, or the heap is initialized
 * @tags: offset of the tags in the shared data
 * @base: offset of the first unit
 * @units: how many
 * @rebuilt: how often the free lists were made anew
 * @block: unit of the block that is given away or taken back
 * @where: offset + 1 of the place where its offset stands, or 0
 * @free: first free unit of each order + 1, or 0
 *
 * Zeroed memory is a heap to be initialized.
 */
struct elisa_heap {
	struct elisa_mutex lock;
	uint64_t ready;
	uint64_t tags;
	uint64_t base;
	uint64_t units;
	uint64_t rebuilt;
	uint64_t block;
	uint64_t where;
	uint64_t free[ELISA_HEAP_ORDERS];
};

/* At the start of a free block: its neighbours in the list, unit + 1 or 0. */
struct _elisa_heap_link {
	uint64_t next;
	uint64_t prev;
};

/* The heap as one operation sees it: read once, checked. */
struct _elisa_heap_view {
	struct elisa_heap *heap;
	uint8_t *tags;
	unsigned char *base;
	uint64_t units;
};

/*
 * All accesses to the shared data.  A store is release, so that they become
 * visible, and last when a call dies, in the order in which they stand here.
 */
static inline uint64_t _elisa_heap_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void _elisa_heap_store(uint64_t *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
	elisa_test_point();
}

static inline uint8_t _elisa_heap_tag(const struct _elisa_heap_view *v,
				      uint64_t unit)
{
	return __atomic_load_n(&v->tags[unit], __ATOMIC_RELAXED);
}

static inline void _elisa_heap_set_tag(const struct _elisa_heap_view *v,
				       uint64_t unit, unsigned int tag)
{
	__atomic_store_n(&v->tags[unit], (uint8_t)tag, __ATOMIC_RELEASE);
	elisa_test_point();
}

static inline struct _elisa_heap_link *
_elisa_heap_link(const struct _elisa_heap_view *v, uint64_t unit)
{
	return (struct _elisa_heap_link *)(v->base + unit * ELISA_HEAP_UNIT);
}

/* Can a block of @order be at @unit? */
static inline bool _elisa_heap_fits(const struct _elisa_heap_view *v,
				    uint64_t unit, unsigned int order)
{
	return order < ELISA_HEAP_ORDERS && !(unit & ((1ULL << order) - 1)) &&
	       elisa_range_ok(unit, 1ULL << order, v->units);
}

static inline bool _elisa_heap_is_free(const struct _elisa_heap_view *v,
				       uint64_t unit, unsigned int order)
{
	return _elisa_heap_fits(v, unit, order) &&
	       _elisa_heap_tag(v, unit) == (_ELISA_HEAP_FREE | order);
}

/* --- free lists: in disorder when a call has died; the tags decide */

static inline void _elisa_heap_push(const struct _elisa_heap_view *v,
				    uint64_t unit, unsigned int order)
{
	uint64_t *head = &v->heap->free[order];
	struct _elisa_heap_link *link = _elisa_heap_link(v, unit);
	const uint64_t next = _elisa_heap_load(head);

	_elisa_heap_store(&link->prev, 0);
	/* What is no free block is found when this one is taken. */
	_elisa_heap_store(&link->next, next);
	if (next && _elisa_heap_is_free(v, next - 1, order))
		_elisa_heap_store(&_elisa_heap_link(v, next - 1)->prev,
				  unit + 1);
	_elisa_heap_store(head, unit + 1);
}

/* Takes a free block out of its list; false if the list is not in order. */
static inline bool _elisa_heap_unlink(const struct _elisa_heap_view *v,
				      uint64_t unit, unsigned int order)
{
	const struct _elisa_heap_link *link = _elisa_heap_link(v, unit);
	const uint64_t next = _elisa_heap_load(&link->next);
	const uint64_t prev = _elisa_heap_load(&link->prev);
	uint64_t *from = &v->heap->free[order];

	if (prev) {
		if (!_elisa_heap_is_free(v, prev - 1, order))
			return false;
		from = &_elisa_heap_link(v, prev - 1)->next;
	}
	if (_elisa_heap_load(from) != unit + 1)
		return false;
	if (next) {
		uint64_t *back;

		if (!_elisa_heap_is_free(v, next - 1, order))
			return false;
		back = &_elisa_heap_link(v, next - 1)->prev;
		if (_elisa_heap_load(back) != unit + 1)
			return false;
		_elisa_heap_store(back, prev);
	}
	_elisa_heap_store(from, next);
	return true;
}

/*
 * Puts a free block that is in no list into one, together with its buddies, or
 * with those @below it only.  -EAGAIN: a list is not in order.
 */
static inline int _elisa_heap_merge(const struct _elisa_heap_view *v,
				    uint64_t unit, unsigned int order,
				    bool below)
{
	for (; order + 1 < ELISA_HEAP_ORDERS; order++) {
		const uint64_t buddy = unit ^ (1ULL << order);

		if (below && buddy > unit)
			break;
		if (!_elisa_heap_is_free(v, buddy, order))
			break;
		if (!_elisa_heap_unlink(v, buddy, order))
			return -EAGAIN;
		if (buddy < unit)
			unit = buddy;
		_elisa_heap_set_tag(v, unit, _ELISA_HEAP_FREE | (order + 1));
		_elisa_heap_set_tag(v, unit + (1ULL << order), 0);
	}
	_elisa_heap_push(v, unit, order);
	return 0;
}

/*
 * Makes the free lists anew, after a look at all tags: those of units in which
 * no block begins may be left over of a death, as may buddies that are both
 * free.
 */
static inline int _elisa_heap_rebuild(const struct _elisa_heap_view *v)
{
	uint64_t unit, next, inner;
	unsigned int order;

	for (order = 0; order < ELISA_HEAP_ORDERS; order++)
		_elisa_heap_store(&v->heap->free[order], 0);
	for (unit = 0; unit < v->units; unit = next) {
		const uint8_t tag = _elisa_heap_tag(v, unit);

		order = tag & _ELISA_HEAP_ORDER;
		if (tag != (_ELISA_HEAP_FREE | order) &&
		    tag != (_ELISA_HEAP_USED | order))
			return -EIO;
		if (!_elisa_heap_fits(v, unit, order))
			return -EIO;
		next = unit + (1ULL << order);
		for (inner = unit + 1; inner < next; inner++)
			if (_elisa_heap_tag(v, inner))
				_elisa_heap_set_tag(v, inner, 0);
		/* Those above are in no list yet. */
		if (tag & _ELISA_HEAP_FREE &&
		    _elisa_heap_merge(v, unit, order, true))
			return -EIO;
	}
	_elisa_heap_store(&v->heap->rebuilt,
			  _elisa_heap_load(&v->heap->rebuilt) + 1);
	return 0;
}

/* --- the block that is given away or taken back */

/* What @where of the header stands for, or NULL. */
static inline uint64_t *_elisa_heap_place(uint64_t where)
{
	const uint64_t offset = where - 1;

	if (offset % sizeof(uint64_t) ||
	    !elisa_range_ok(offset, sizeof(uint64_t), elisa_data_size()))
		return NULL;
	return (uint64_t *)((char *)elisa_data() + offset);
}

/* The reverse; 0 for memory of the call, which nobody finds after its death. */
static inline uint64_t _elisa_heap_place_of(const uint64_t *where)
{
	const uint64_t offset = (uint64_t)where - (uint64_t)elisa_data();

	return _elisa_heap_place(offset + 1) ? offset + 1 : 0;
}

static inline uint64_t _elisa_heap_offset(const struct _elisa_heap_view *v,
					  uint64_t unit)
{
	return (uint64_t)(v->base - (unsigned char *)elisa_data()) +
	       unit * ELISA_HEAP_UNIT;
}

/* From here on the block at @unit is used if and only if *@where names it. */
static inline void _elisa_heap_intend(const struct _elisa_heap_view *v,
				      uint64_t unit, const uint64_t *where)
{
	_elisa_heap_store(&v->heap->block, unit);
	_elisa_heap_store(&v->heap->where, _elisa_heap_place_of(where));
}

static inline void _elisa_heap_done(const struct _elisa_heap_view *v)
{
	_elisa_heap_store(&v->heap->where, 0);
}

/* Makes true what was intended when a call died. */
static inline void _elisa_heap_settle(const struct _elisa_heap_view *v)
{
	const uint64_t unit = _elisa_heap_load(&v->heap->block);
	const uint64_t *where =
		_elisa_heap_place(_elisa_heap_load(&v->heap->where));
	unsigned int tag;

	if (where && unit < v->units) {
		tag = _elisa_heap_tag(v, unit) & _ELISA_HEAP_ORDER;
		if (_elisa_heap_load(where) == _elisa_heap_offset(v, unit))
			tag |= _ELISA_HEAP_USED;
		else
			tag |= _ELISA_HEAP_FREE;
		_elisa_heap_set_tag(v, unit, tag);
	}
	_elisa_heap_done(v);
}

/* --- operations */

static inline int _elisa_heap_view(struct _elisa_heap_view *v,
				   struct elisa_heap *heap)
{
	const uint64_t tags = _elisa_heap_load(&heap->tags);
	const uint64_t base = _elisa_heap_load(&heap->base);
	const uint64_t units = _elisa_heap_load(&heap->units);
	const uint64_t size = elisa_data_size();

	/* The shared data is not large enough for the product to overflow. */
	if (!units || !elisa_range_ok(tags, units, size) ||
	    base % ELISA_HEAP_UNIT ||
	    !elisa_range_ok(base, units * ELISA_HEAP_UNIT, size))
		return -EIO;
	v->heap = heap;
	v->tags = (uint8_t *)elisa_data() + tags;
	v->base = (unsigned char *)elisa_data() + base;
	v->units = units;
	return 0;
}

/* Nobody gets anything of this heap any more. */
static inline int _elisa_heap_spoilt(struct elisa_heap *heap)
{
	_elisa_heap_store(&heap->units, 0);
	return -EIO;
}

static inline void _elisa_heap_unlock(struct elisa_heap *heap)
{
	elisa_mutex_unlock(&heap->lock);
}

/*
 * Takes the lock and repairs what an owner that died has left.  A heap that is
 * not initialized has no units then.
 */
static inline int _elisa_heap_lock(struct _elisa_heap_view *v,
				   struct elisa_heap *heap)
{
	int err = elisa_mutex_lock(&heap->lock);
	const bool died = err == -EOWNERDEAD;

	if (err && !died)
		return err == -ENOTRECOVERABLE ? -EIO : err;
	elisa_test_point();
	v->heap = heap;
	v->units = 0;
	err = 0;
	if (__atomic_load_n(&heap->ready, __ATOMIC_ACQUIRE)) {
		err = _elisa_heap_view(v, heap);
		if (!err && died) {
			/* First the tags of one block, then what follows. */
			_elisa_heap_settle(v);
			if (_elisa_heap_rebuild(v))
				err = _elisa_heap_spoilt(heap);
		}
	}
	if (died)
		elisa_mutex_consistent(&heap->lock);
	if (err)
		_elisa_heap_unlock(heap);
	return err;
}

/* Tags of a heap without allocated blocks, the largest first. */
static inline void _elisa_heap_format(const struct _elisa_heap_view *v)
{
	unsigned int order = ELISA_HEAP_ORDERS - 1;
	uint64_t unit = 0;

	memset(v->tags, 0, v->units);
	while (unit < v->units) {
		if (!_elisa_heap_fits(v, unit, order)) {
			order--;
			continue;
		}
		_elisa_heap_set_tag(v, unit, _ELISA_HEAP_FREE | order);
		unit += 1ULL << order;
	}
}

/**
 * elisa_heap_init() - make a heap, unless it is one
 * @heap: its header, in the shared data; zeroed, or a heap
 * @start: offset of the first byte in the shared data that it may use
 * @end: offset behind the last one
 *
 * For each entry point that uses the heap, because there is no other moment:
 * once the heap is there it costs one load, and @start and @end are ignored.
 * Several calls may do it at once.
 *
 * Return: 0; -EINVAL the range is not in the shared data, or too small; -EROFS
 * it is no heap yet and the caller may only read; -EIO it is damaged.
 */
static inline int elisa_heap_init(struct elisa_heap *heap, uint64_t start,
				  uint64_t end)
{
	struct _elisa_heap_view v;
	uint64_t base, units;
	int err;

	if (__atomic_load_n(&heap->ready, __ATOMIC_ACQUIRE))
		return 0;
	if (end > elisa_data_size() || start > end ||
	    end - start < 2 * ELISA_HEAP_UNIT + 1)
		return -EINVAL;
	/* A tag for each unit, and less than a unit is lost to alignment. */
	units = (end - start - ELISA_HEAP_UNIT) / (ELISA_HEAP_UNIT + 1);
	base = (end / ELISA_HEAP_UNIT - units) * ELISA_HEAP_UNIT;

	err = _elisa_heap_lock(&v, heap);
	if (err)
		return err;
	/* Somebody else may have been faster. */
	if (v.units)
		goto unlock;
	_elisa_heap_store(&heap->tags, start);
	_elisa_heap_store(&heap->base, base);
	_elisa_heap_store(&heap->units, units);
	_elisa_heap_store(&heap->where, 0);
	err = _elisa_heap_view(&v, heap);
	if (err)
		goto unlock;
	_elisa_heap_format(&v);
	err = _elisa_heap_rebuild(&v);
	if (err)
		goto unlock;
	_elisa_heap_store(&heap->rebuilt, 0);
	_elisa_heap_store(&heap->ready, 1);
unlock:
	_elisa_heap_unlock(heap);
	return err;
}

/* Takes a free block of at least *@order, which is set to its own. */
static inline int _elisa_heap_take(const struct _elisa_heap_view *v,
				   unsigned int *order, uint64_t *unit)
{
	unsigned int o;

	for (o = *order; o < ELISA_HEAP_ORDERS; o++) {
		const uint64_t head = _elisa_heap_load(&v->heap->free[o]);

		if (!head)
			continue;
		if (!_elisa_heap_is_free(v, head - 1, o) ||
		    !_elisa_heap_unlink(v, head - 1, o))
			return -EAGAIN;
		*order = o;
		*unit = head - 1;
		return 0;
	}
	return -ENOMEM;
}

/* The smallest order of blocks that have @size bytes. */
static inline unsigned int _elisa_heap_order(uint64_t size)
{
	unsigned int order = 0;

	while (order < ELISA_HEAP_ORDERS &&
	       ((uint64_t)ELISA_HEAP_UNIT << order) < size)
		order++;
	return order;
}

/**
 * elisa_heap_alloc() - allocate a block
 * @heap: initialized
 * @size: bytes, at least 1
 * @where: its offset is stored here, 8 bytes aligned to 8: in the shared data,
 *	so that it is not lost when the call dies; or a variable of the call
 *
 * What is in the block is left of earlier users; the caller must not see it.
 *
 * Return: 0; -ENOMEM no such block is free; -EINVAL @size is 0, or the heap is
 * not initialized; -EROFS the caller may only read; -EIO the heap is damaged.
 * *@where is unchanged after an error.
 */
static inline int elisa_heap_alloc(struct elisa_heap *heap, uint64_t size,
				   uint64_t *where)
{
	const unsigned int wanted = _elisa_heap_order(size);
	struct _elisa_heap_view v;
	unsigned int order = wanted;
	uint64_t unit;
	int err;

	if (!size)
		return -EINVAL;
	err = _elisa_heap_lock(&v, heap);
	if (err)
		return err;
	err = -EINVAL;
	if (!v.units)
		goto unlock;
	err = _elisa_heap_take(&v, &order, &unit);
	if (err == -EAGAIN) {
		if (_elisa_heap_rebuild(&v))
			err = _elisa_heap_spoilt(heap);
		else
			err = _elisa_heap_take(&v, &order, &unit);
		if (err == -EAGAIN)
			err = _elisa_heap_spoilt(heap);
	}
	if (err)
		goto unlock;

	while (order > wanted) {
		const uint64_t half = unit + (1ULL << --order);

		/* Nobody looks at the second half's before the first's. */
		_elisa_heap_set_tag(&v, half, _ELISA_HEAP_FREE | order);
		_elisa_heap_set_tag(&v, unit, _ELISA_HEAP_FREE | order);
		_elisa_heap_push(&v, half, order);
	}
	_elisa_heap_intend(&v, unit, where);
	_elisa_heap_set_tag(&v, unit, _ELISA_HEAP_USED | order);
	_elisa_heap_store(where, _elisa_heap_offset(&v, unit));
	_elisa_heap_done(&v);
unlock:
	_elisa_heap_unlock(heap);
	return err;
}

/* The unit of an allocated block, and its order; false if @offset is none. */
static inline bool _elisa_heap_used(const struct _elisa_heap_view *v,
				    uint64_t offset, uint64_t *unit,
				    unsigned int *order)
{
	const uint64_t at = offset - _elisa_heap_offset(v, 0);
	uint8_t tag;

	if (at % ELISA_HEAP_UNIT || at / ELISA_HEAP_UNIT >= v->units)
		return false;
	*unit = elisa_nospec(at / ELISA_HEAP_UNIT, v->units);
	tag = _elisa_heap_tag(v, *unit);
	*order = tag & _ELISA_HEAP_ORDER;
	return tag == (_ELISA_HEAP_USED | *order) &&
	       _elisa_heap_fits(v, *unit, *order);
}

/**
 * elisa_heap_free() - release a block
 * @heap: initialized
 * @where: where its offset stands, as with elisa_heap_alloc(); it is 0 then, as
 *	it may be before: that releases nothing
 *
 * Return: 0; -EINVAL there is no allocated block at that offset, or the heap is
 * not initialized; -EROFS the caller may only read; -EIO the heap is damaged.
 */
static inline int elisa_heap_free(struct elisa_heap *heap, uint64_t *where)
{
	struct _elisa_heap_view v;
	unsigned int order;
	uint64_t unit, offset;
	int err;

	err = _elisa_heap_lock(&v, heap);
	if (err)
		return err;
	offset = _elisa_heap_load(where);
	if (!offset)
		goto unlock;
	err = -EINVAL;
	if (!v.units || !_elisa_heap_used(&v, offset, &unit, &order))
		goto unlock;
	err = 0;
	_elisa_heap_intend(&v, unit, where);
	_elisa_heap_store(where, 0);
	_elisa_heap_set_tag(&v, unit, _ELISA_HEAP_FREE | order);
	_elisa_heap_done(&v);
	if (_elisa_heap_merge(&v, unit, order, false) &&
	    _elisa_heap_rebuild(&v))
		err = _elisa_heap_spoilt(heap);
unlock:
	_elisa_heap_unlock(heap);
	return err;
}

/**
 * elisa_heap_size() - bytes of a block
 * @heap: initialized
 * @offset: anything
 *
 * Takes no lock, so callers that may only read can use it: see to it that the
 * block is not released meanwhile.
 *
 * Return: its size, at least what was asked for; 0 if no allocated block begins
 * at @offset.
 */
static inline uint64_t elisa_heap_size(struct elisa_heap *heap, uint64_t offset)
{
	struct _elisa_heap_view v;
	unsigned int order;
	uint64_t unit;

	if (!__atomic_load_n(&heap->ready, __ATOMIC_ACQUIRE) ||
	    _elisa_heap_view(&v, heap) ||
	    !_elisa_heap_used(&v, offset, &unit, &order))
		return 0;
	return (uint64_t)ELISA_HEAP_UNIT << order;
}

/**
 * elisa_heap_at() - a checked pointer to a block
 * @heap: initialized
 * @offset: anything
 * @size: bytes that are going to be accessed
 *
 * Takes no lock, as elisa_heap_size().
 *
 * Return: the pointer; NULL if no allocated block of at least @size bytes
 * begins at @offset.
 */
static inline void *elisa_heap_at(struct elisa_heap *heap, uint64_t offset,
				  uint64_t size)
{
	const uint64_t have = elisa_heap_size(heap, offset);

	if (!have || size > have)
		return NULL;
	return (char *)elisa_data() + elisa_nospec(offset, elisa_data_size());
}

#endif /* _ELISA_ALLOC_H */
