;; Lists of the nearest points so far, kept while nearnesses stream past: the inner loop of a search, which sees every
;; pair of points. Sixteen at once are compared with the last of both points' lists; few get further.
;;
;; `npm run assemble` writes the module into shortlist-kernel.ts.
(module
  ;; nearnesses of one row | of each point its list's last | lists of nearnesses | lists of points; all of 4 bytes
  (import "host" "memory" (memory 1))
  (import "host" "size" (global $size i32))         ;; bytes of one list
  (import "host" "least" (global $least i32))       ;; address of each list's last nearness
  (import "host" "nearness" (global $nearness i32)) ;; address of the lists of nearnesses, nearest first
  (import "host" "indices" (global $indices i32))   ;; address of the lists of points, in the same order

  ;; Puts a point in another's list, whose last gives way.
  (func $insert (param $point i32) (param $other i32) (param $value f32)
    (local $offset i32) (local $begin i32) (local $p i32) (local $before f32)
    (local.set $offset (i32.sub (global.get $indices) (global.get $nearness)))
    (local.set $begin (i32.add (global.get $nearness) (i32.mul (local.get $point) (global.get $size))))
    (local.set $p (i32.sub (i32.add (local.get $begin) (global.get $size)) (i32.const 4)))
    (block $place
      (loop $shift
        (br_if $place (i32.eq (local.get $p) (local.get $begin)))
        (local.set $before (f32.load (i32.sub (local.get $p) (i32.const 4))))
        (br_if $place (i32.eqz (f32.lt (local.get $before) (local.get $value))))
        (f32.store (local.get $p) (local.get $before))
        (i32.store
          (i32.add (local.get $p) (local.get $offset))
          (i32.load (i32.sub (i32.add (local.get $p) (local.get $offset)) (i32.const 4))))
        (local.set $p (i32.sub (local.get $p) (i32.const 4)))
        (br $shift)))
    (f32.store (local.get $p) (local.get $value))
    (i32.store (i32.add (local.get $p) (local.get $offset)) (local.get $other))
    (f32.store
      (i32.add (global.get $least) (i32.shl (local.get $point) (i32.const 2)))
      (f32.load (i32.sub (i32.add (local.get $begin) (global.get $size)) (i32.const 4)))))

  ;; Offers a pair to both of its points.
  (func $pair (param $row i32) (param $column i32) (param $value f32)
    (if (f32.gt (local.get $value) (f32.load (i32.add (global.get $least) (i32.shl (local.get $row) (i32.const 2)))))
      (then (call $insert (local.get $row) (local.get $column) (local.get $value))))
    (if (f32.gt (local.get $value) (f32.load (i32.add (global.get $least) (i32.shl (local.get $column) (i32.const 2)))))
      (then (call $insert (local.get $column) (local.get $row) (local.get $value)))))

  ;; Offers the pairs of point `row` with the points from number `column` on, whose nearnesses are at `value` .. `end`.
  (func (export "offer") (param $row i32) (param $column i32) (param $value i32) (param $end i32)
    (local $threshold v128) (local $least i32) (local $bits i32) (local $place i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $least (i32.add (global.get $least) (i32.shl (local.get $column) (i32.const 2))))
    (block $rest
      (loop $sixteen
        (br_if $rest (i32.gt_u (i32.add (local.get $value) (i32.const 64)) (local.get $end)))
        (local.set $threshold
          (v128.load32_splat (i32.add (global.get $least) (i32.shl (local.get $row) (i32.const 2)))))
        (local.set $a (v128.load offset=0 (local.get $value)))
        (local.set $b (v128.load offset=16 (local.get $value)))
        (local.set $c (v128.load offset=32 (local.get $value)))
        (local.set $d (v128.load offset=48 (local.get $value)))
        (local.set $a (v128.or
          (f32x4.gt (local.get $a) (local.get $threshold))
          (f32x4.gt (local.get $a) (v128.load offset=0 (local.get $least)))))
        (local.set $b (v128.or
          (f32x4.gt (local.get $b) (local.get $threshold))
          (f32x4.gt (local.get $b) (v128.load offset=16 (local.get $least)))))
        (local.set $c (v128.or
          (f32x4.gt (local.get $c) (local.get $threshold))
          (f32x4.gt (local.get $c) (v128.load offset=32 (local.get $least)))))
        (local.set $d (v128.or
          (f32x4.gt (local.get $d) (local.get $threshold))
          (f32x4.gt (local.get $d) (v128.load offset=48 (local.get $least)))))
        (if (v128.any_true (v128.or
              (v128.or (local.get $a) (local.get $b))
              (v128.or (local.get $c) (local.get $d))))
          (then
            (local.set $bits (i32.or
              (i32.or
                (i32x4.bitmask (local.get $a))
                (i32.shl (i32x4.bitmask (local.get $b)) (i32.const 4)))
              (i32.or
                (i32.shl (i32x4.bitmask (local.get $c)) (i32.const 8))
                (i32.shl (i32x4.bitmask (local.get $d)) (i32.const 12)))))
            (loop $each
              (local.set $place (i32.ctz (local.get $bits)))
              (call $pair
                (local.get $row)
                (i32.add (local.get $column) (local.get $place))
                (f32.load (i32.add (local.get $value) (i32.shl (local.get $place) (i32.const 2)))))
              (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))
              (br_if $each (local.get $bits)))))
        (local.set $value (i32.add (local.get $value) (i32.const 64)))
        (local.set $least (i32.add (local.get $least) (i32.const 64)))
        (local.set $column (i32.add (local.get $column) (i32.const 16)))
        (br $sixteen)))
    (block $done
      (loop $single
        (br_if $done (i32.ge_u (local.get $value) (local.get $end)))
        (call $pair (local.get $row) (local.get $column) (f32.load (local.get $value)))
        (local.set $value (i32.add (local.get $value) (i32.const 4)))
        (local.set $column (i32.add (local.get $column) (i32.const 1)))
        (br $single)))))
