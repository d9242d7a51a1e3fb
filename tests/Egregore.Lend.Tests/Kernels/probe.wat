;; A kernel that does what its first byte says, for tests of hosts. Compile: wat2wasm probe.wat -o probe.wasm
;;   0 the sum of all its bytes, u32      3 traps               6 runs once for each of the following u32 and answers it
;;   1 runs until its fuel is gone        4 refuses with 7      7 counts what its memory holds from the run before (0)
;;   2 takes memory until there is none   5 answers 1 MiB
(module
  (memory (export "memory") 1)
  (func (export "alloc") (param $length i32) (result i32)
    ;; Room for it behind the first 1,024 bytes.
    (if (i32.gt_u (local.get $length) (i32.const 64512))
      (then (drop (memory.grow (i32.shr_u (i32.add (local.get $length) (i32.const 65535)) (i32.const 16))))))
    (i32.const 1024))
  (func (export "run") (param $at i32) (param $length i32) (result i64)
    (local $i i32) (local $sum i32)
    (block $seven (block $six (block $five (block $four (block $three (block $two (block $one (block $zero
      (br_table $zero $one $two $three $four $five $six $seven $four (i32.load8_u (local.get $at))))
      ;; 0
      (block $end (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $length)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (local.get $at) (local.get $i)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
      (i32.store (i32.const 0) (local.get $sum))
      (return (i64.const 4)))
      ;; 1
      (loop $forever (br $forever)) (unreachable))
      ;; 2
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      (i32.store (i32.const 0) (memory.size)) (return (i64.const 4)))
      ;; 3
      (unreachable))
      ;; 4
      (return (i64.const -7)))
      ;; 5
      (drop (memory.grow (i32.const 16)))
      (return (i64.const 1048576)))
      ;; 6
      (local.set $sum (i32.load (i32.add (local.get $at) (i32.const 1))))
      (block $end (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $sum)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
      (i32.store (i32.const 0) (local.get $i))
      (return (i64.const 4)))
    ;; 7
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 512))))
    (i32.store (i32.const 512) (i32.const 1))
    (i64.const 4)))
