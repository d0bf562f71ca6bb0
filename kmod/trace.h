/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM elisa

#if !defined(ELISA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define ELISA_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include <elisa/hypercall.h>

/* clang-format off */
TRACE_EVENT(elisa_attach,
	TP_PROTO(u32 vm, u32 attachment, u32 window, const char *name),
	TP_ARGS(vm, attachment, window, name),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, attachment)
		__field(u32, window)
		__array(char, name, ELISA_NAME_SIZE)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->attachment = attachment;
		__entry->window = window;
		strscpy(__entry->name, name, ELISA_NAME_SIZE);
	),
	TP_printk("vm=%u attachment=%u window=%u export=%s", __entry->vm,
		  __entry->attachment, __entry->window, __entry->name)
);

TRACE_EVENT(elisa_gate,
	TP_PROTO(u32 vm, u32 vcpu, u64 rip, u32 reason, bool async),
	TP_ARGS(vm, vcpu, rip, reason, async),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u64, rip)
		__field(u32, reason)
		__field(bool, async)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->rip = rip;
		__entry->reason = reason;
		__entry->async = async;
	),
	TP_printk("vm=%u vcpu=%u rip=0x%llx reason=%u async=%d", __entry->vm,
		  __entry->vcpu, __entry->rip, __entry->reason, __entry->async)
);

TRACE_EVENT(elisa_aex,
	TP_PROTO(u32 vm, u32 vcpu, u32 attachment, u32 reason, u64 rip),
	TP_ARGS(vm, vcpu, attachment, reason, rip),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, attachment)
		__field(u32, reason)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->attachment = attachment;
		__entry->reason = reason;
		__entry->rip = rip;
	),
	TP_printk("vm=%u vcpu=%u attachment=%u reason=%u rip=0x%llx",
		  __entry->vm, __entry->vcpu, __entry->attachment,
		  __entry->reason, __entry->rip)
);

TRACE_EVENT(elisa_resume,
	TP_PROTO(u32 vm, u32 vcpu, u32 attachment, u64 rip),
	TP_ARGS(vm, vcpu, attachment, rip),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, attachment)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->attachment = attachment;
		__entry->rip = rip;
	),
	TP_printk("vm=%u vcpu=%u attachment=%u rip=0x%llx", __entry->vm,
		  __entry->vcpu, __entry->attachment, __entry->rip)
);

TRACE_EVENT(elisa_fault,
	TP_PROTO(u32 vm, u32 vcpu, u32 attachment, u32 reason, u32 vector,
		 u64 rip, int err),
	TP_ARGS(vm, vcpu, attachment, reason, vector, rip, err),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, attachment)
		__field(u32, reason)
		__field(u32, vector)
		__field(u64, rip)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->attachment = attachment;
		__entry->reason = reason;
		__entry->vector = vector;
		__entry->rip = rip;
		__entry->err = err;
	),
	TP_printk("vm=%u vcpu=%u attachment=%u reason=%u vector=%u rip=0x%llx err=%d",
		  __entry->vm, __entry->vcpu, __entry->attachment,
		  __entry->reason, __entry->vector, __entry->rip, __entry->err)
);
/* clang-format on */

#endif /* ELISA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
