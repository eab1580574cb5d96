(** The model as a program. OCaml's booleans, options, pairs and lists stand for Rocq's; numbers stay what they are. *)
From Coq Require Import Extraction ExtrOcamlBasic.
Require Import Fold Reversals.
Extraction Language OCaml.
Extraction "fold.ml" facts_of releasable paid sound decisive certain_credits add decide.
