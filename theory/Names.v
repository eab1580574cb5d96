(** What is certain is no more than what is there, whichever two names are one share's. *)

From Coq Require Import List NArith Bool Lia Permutation.
Import ListNotations.
Require Import Fold Readings Doubt.
Local Open Scope N_scope.

(** A share, with what was truly taken of it, what of that went back, and every statement that speaks of it. *)
Record Known := { really : N; returned : N; statements : list StatedAmount }.

(** No statement says more than was taken, and all that went back is known under one of its names. Of one kind a share has one
    name; what is called by both has no statement that gives either alone. *)
Definition is_share (k : Known) :=
  returned k <= really k
  /\ (forall c, named_so c (statements k) = [] \/ exists s, named_so c (statements k) = [s] /\ amount s <= really k)
  /\ match total gone (statements k) with Some g => returned k <= g | None => True end
  /\ (named_so Both (statements k) = [] \/ named_so Id (statements k) = [] /\ named_so Place (statements k) = []).
Definition kept_of (ks : list Known) := sum (fun k => really k - returned k) ks.

Lemma sum_app {A} (f : A -> N) p a b : sum f (filter p (a ++ b)) = sum f (filter p a) + sum f (filter p b).
Proof. induction a as [|x a IH]; simpl; [auto|]. destruct (p x); simpl; rewrite IH; lia. Qed.
Lemma plus_assoc a b c : plus (plus a b) c = plus a (plus b c).
Proof. destruct a, b, c; simpl; f_equal; lia. Qed.
Lemma total_app {A} (f : A -> option N) p a b : total f (filter p (a ++ b)) = plus (total f (filter p a)) (total f (filter p b)).
Proof.
  induction a as [|x a IH]; simpl; [destruct (total f (filter p b)); auto|]. destruct (p x); simpl; rewrite IH, ?plus_assoc; auto.
Qed.
Lemma total_by_name l : total gone l = plus (plus (total gone (named_so Both l)) (total gone (named_so Id l)))
  (plus (total gone (named_so Place l)) (total gone (named_so Payment l))).
Proof.
  induction l as [|s l IH]; [auto|]. simpl. rewrite IH.
  destruct (named s); simpl; destruct (gone s), (total gone (named_so Both l)), (total gone (named_so Id l)),
    (total gone (named_so Place l)), (total gone (named_so Payment l)); simpl; f_equal; lia.
Qed.


(** What [taken] and [left] of some shares bound, by the four kinds of names in their statements. *)
Definition bounds (taken left : N) (l : list StatedAmount) :=
  let A c := sum amount (named_so c l) in let L c := sum left_of (named_so c l) in let G c := total gone (named_so c l) in
  A Payment <= taken /\ A Both + A Id <= taken /\ A Both + A Place <= taken
  /\ (forall g, total gone l = Some g -> taken <= left + g)
  /\ (G Both = Some 0 -> G Id = Some 0 -> G Place = Some 0 -> L Payment <= left)
  /\ (G Payment = Some 0 -> L Both <= left
      /\ (forall g h, G Id = Some g -> G Place = Some h -> L Both + A Id <= left + g + h /\ L Both + A Place <= left + g + h)
      /\ (G Id = Some 0 -> L Both + L Place <= left) /\ (G Place = Some 0 -> L Both + L Id <= left)).

Lemma plus_some a b g : plus a b = Some g -> exists x y, a = Some x /\ b = Some y /\ g = x + y.
Proof. destruct a, b; simpl; try discriminate. intro H. injection H as <-. eauto. Qed.
Lemma plus_zero a b : plus a b = Some 0 -> a = Some 0 /\ b = Some 0.
Proof. intro H. apply plus_some in H. destruct H as (x & y & -> & -> & H). assert (x = 0 /\ y = 0) as [-> ->] by lia. auto. Qed.

Lemma total_app_all l m : total gone (l ++ m) = plus (total gone l) (total gone m).
Proof. induction l as [|x l IH]; simpl; [destruct (total gone m); auto|]. rewrite IH, plus_assoc. auto. Qed.

Lemma bounds_app t k l u j m : bounds t k l -> bounds u j m -> bounds (t + u) (k + j) (l ++ m).
Proof.
  intros (A1 & A2 & A3 & A4 & A5 & A6) (B1 & B2 & B3 & B4 & B5 & B6). unfold bounds. rewrite !sum_app, !total_app, total_app_all.
  repeat split; try lia.
  - intros g H. apply plus_some in H. destruct H as (x & y & X & Y & ->). specialize (A4 x X). specialize (B4 y Y). lia.
  - intros H1 H2 H3. apply plus_zero in H1, H2, H3. destruct H1, H2, H3. specialize (A5 ltac:(auto) ltac:(auto) ltac:(auto)).
    specialize (B5 ltac:(auto) ltac:(auto) ltac:(auto)). lia.
  - apply plus_zero in H. destruct H as [H1 H2]. destruct (A6 H1) as (X & _), (B6 H2) as (Y & _). lia.
  - apply plus_zero in H. destruct H as [H3 H4]. destruct (A6 H3) as (_ & X & _), (B6 H4) as (_ & Y & _).
    apply plus_some in H0, H1. destruct H0 as (a & b & Ha & Hb & ->), H1 as (c & d & Hc & Hd & ->).
    specialize (X a c Ha Hc). specialize (Y b d Hb Hd). lia.
  - apply plus_zero in H. destruct H as [H3 H4]. destruct (A6 H3) as (_ & X & _), (B6 H4) as (_ & Y & _).
    apply plus_some in H0, H1. destruct H0 as (a & b & Ha & Hb & ->), H1 as (c & d & Hc & Hd & ->).
    specialize (X a c Ha Hc). specialize (Y b d Hb Hd). lia.
  - intro H0. apply plus_zero in H, H0. destruct H as [H1 H2], H0 as [H3 H4]. destruct (A6 H1) as (_ & _ & X & _), (B6 H2) as (_ & _ & Y & _).
    specialize (X H3). specialize (Y H4). lia.
  - intro H0. apply plus_zero in H, H0. destruct H as [H1 H2], H0 as [H3 H4]. destruct (A6 H1) as (_ & _ & _ & X), (B6 H2) as (_ & _ & _ & Y).
    specialize (X H3). specialize (Y H4). lia.
Qed.

Lemma bounds_one k : is_share k -> bounds (really k) (really k - returned k) (statements k).
Proof.
  intros (W & A & G & B). unfold bounds. rewrite total_by_name in *.
  destruct (A Both) as [b|(b & b' & Ab)], (A Id) as [i|(i & i' & Ai)], (A Place) as [p|(p & p' & Ap)], (A Payment) as [y|(y & y' & Ay)];
    rewrite ?b, ?b', ?i, ?i', ?p, ?p', ?y, ?y' in *; clear A;
    try (destruct B as [B|[B B']]; discriminate); clear B; unfold left_of, less; simpl in *;
    repeat match goal with |- context [gone ?s] => destruct (gone s) | H : context [gone ?s] |- _ => destruct (gone s) end;
    simpl in *; repeat split; intros;
    repeat match goal with H : Some _ = Some _ |- _ => injection H as H; subst | H : None = Some _ |- _ => discriminate
      | H : Some _ = None |- _ => discriminate end; try lia.
Qed.

(** Of whatever shares the amounts are stated, under whichever of their names: what is certain is kept. *)
Theorem distinct_is_kept stated ks :
  Permutation (flat_map statements ks) stated -> (forall k, In k ks -> is_share k) -> distinct stated <= kept_of ks.
Proof.
  intros P K. assert (B : bounds (sum really ks) (kept_of ks) (flat_map statements ks)).
  { clear P. induction ks as [|k ks IH]; [unfold bounds, kept_of; simpl; repeat split; intros; lia|].
    apply bounds_app; [apply bounds_one, K; left; auto | apply IH; intros; apply K; right; auto]. }
  destruct B as (B1 & B2 & B3 & B4 & B5 & B6). rewrite distinct_is.
  assert (E : forall A A' G G' L L' all all', (forall c, A c = A' c) -> (forall c, G c = G' c) -> (forall c, L c = L' c) -> all = all' ->
    distinct_of A G L all = distinct_of A' G' L' all').
  { intros. unfold distinct_of, by_one_of, has_of. rewrite !H, !H0, !H1, H2. auto. }
  assert (all : forall l : list StatedAmount, filter (fun _ => true) l = l) by (induction l; simpl; congruence).
  assert (T := total_perm gone (fun _ => true) _ _ P). rewrite !all in T.
  rewrite (E _ (fun c => sum amount (named_so c (flat_map statements ks))) _ (fun c => total gone (named_so c (flat_map statements ks)))
    _ (fun c => sum left_of (named_so c (flat_map statements ks))) _ (total gone (flat_map statements ks)));
    [| intro; symmetry; apply sum_perm, P | intro; symmetry; apply total_perm, P | intro; symmetry; apply sum_perm, P | auto].
  set (l := flat_map statements ks) in *.
  assert (no : forall c, has_of (fun c => sum amount (named_so c l)) (fun c => total gone (named_so c l)) c = false ->
    sum left_of (named_so c l) = 0 /\ total gone (named_so c l) = Some 0).
  { unfold has_of. intros c H. apply orb_false_iff in H. destruct H as [H H']. apply N.ltb_ge in H.
    assert (X := left_sum (named_so c l)). split; [lia|]. cbv beta in H'. revert H'. destruct (total gone (named_so c l)) as [[|n]|]; intro H'; [auto | discriminate H' | discriminate H']. }
  unfold distinct_of, by_one_of. destruct (has_of _ _ Payment) eqn:Y; simpl.
  - destruct (has_of _ _ Both) eqn:Bo; simpl.
    + destruct (total gone l) as [g|]; simpl; [specialize (B4 g eq_refl)|]; lia.
    + destruct (has_of _ _ Id) eqn:I, (has_of _ _ Place) eqn:Pl; simpl;
        try (destruct (total gone l) as [g|]; simpl; [specialize (B4 g eq_refl)|]; lia).
      apply no in Bo, I, Pl. apply B5; tauto.
  - apply no in Y. destruct Y as [_ Y]. destruct (B6 Y) as (C1 & C2 & C3 & C4).
    destruct (has_of _ _ Id) eqn:I, (has_of _ _ Place) eqn:Pl; simpl.
    + destruct (total gone (named_so Id l)) as [g|], (total gone (named_so Place l)) as [h|]; simpl; try lia.
      specialize (C2 g h eq_refl eq_refl). lia.
    + apply no in Pl. destruct Pl as [Z1 Z2]. specialize (C4 Z2). lia.
    + apply no in I. destruct I as [Z1 Z2]. specialize (C3 Z2). lia.
    + apply no in I, Pl. destruct I as [Z1 Z2], Pl as [Z3 Z4]. lia.
Qed.
