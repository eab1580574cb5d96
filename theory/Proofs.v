(** What holds of the model in Fold.v. Each [Theorem] is checked to rest on no axiom (.ci/theory); a [Lemma] serves one. *)

From Coq Require Import List NArith Bool Lia Permutation.
Import ListNotations.
Require Import Fold.
Local Open Scope N_scope.

(** * The order of facts *)

Lemma lex_refl a : lex a a = Eq.
Proof. induction a; simpl; [| rewrite N.compare_refl]; auto. Qed.

Lemma lex_eq a b : lex a b = Eq -> a = b.
Proof.
  revert b; induction a; destruct b; simpl; try discriminate; auto.
  destruct (N.compare_spec a n); try discriminate. intro H0. f_equal; auto.
Qed.

Lemma lex_antisym a b : lex b a = CompOpp (lex a b).
Proof.
  revert b; induction a; destruct b; simpl; auto.
  rewrite (N.compare_antisym a n). destruct (a ?= n) eqn:E; simpl; auto.
Qed.

Lemma lex_trans a b c : lex a b = Lt -> lex b c = Lt -> lex a c = Lt.
Proof.
  revert b c; induction a; destruct b, c; simpl; try discriminate; auto.
  destruct (N.compare_spec a n), (N.compare_spec n n0); try discriminate; intros H1 H2;
    destruct (N.compare_spec a n0); try lia; auto; subst; eauto.
Qed.

Lemma opt_inj a b : opt a = opt b -> a = b.
Proof. destruct a, b; simpl; intros; f_equal; lia. Qed.

Lemma key_inj f g : key f = key g -> f = g.
Proof.
  destruct f as [[]|], g as [[]|]; simpl; try discriminate; intro H; injection H; clear H; intros; subst;
    repeat match goal with H : opt _ = opt _ |- _ => apply opt_inj in H; subst end; auto.
  repeat f_equal; match goal with
    | H : kind_n ?a = kind_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : status_n ?a = status_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : payer_n ?a = payer_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : called_n ?a = called_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : flag ?a = flag ?b |- ?a = ?b => destruct a, b; simpl in H; congruence end.
Qed.

(** * The decision is a function of the set of what was told *)

Lemma best_comm a b : best a b = best b a.
Proof. destruct a, b; reflexivity. Qed.
Lemma best_assoc a b c : best (best a b) c = best (best a c) b.
Proof. destruct a, b, c; reflexivity. Qed.

Lemma add_comm f s g t facts : add f s (add g t facts) = add g t (add f s facts).
Proof.
  assert (lt_gt : forall a b, lex a b = Lt -> lex b a = Gt) by (intros a b E; rewrite lex_antisym, E; auto).
  assert (gt_lt : forall a b, lex a b = Gt -> lex b a = Lt) by (intros a b E; rewrite lex_antisym, E; auto).
  induction facts as [|[h k] more IH]; simpl.
  - destruct (lex (key f) (key g)) eqn:E; rewrite (lex_antisym (key f)), E; simpl; auto.
    apply lex_eq, key_inj in E. subst. rewrite best_comm. auto.
  - destruct (lex (key f) (key h)) eqn:F, (lex (key g) (key h)) eqn:G; simpl.
    + rewrite F, G, best_assoc. auto.
    + apply lex_eq, key_inj in F. subst. rewrite (lt_gt _ _ G), G, lex_refl. auto.
    + rewrite F, G. auto.
    + apply lex_eq, key_inj in G. subst. rewrite F, (lt_gt _ _ F), lex_refl. auto.
    + rewrite (lex_antisym (key f)). destruct (lex (key f) (key g)) eqn:E; simpl; rewrite ?F, ?G; auto.
      apply lex_eq, key_inj in E. subst. rewrite best_comm. auto.
    + rewrite F, (lt_gt _ _ (lex_trans _ _ _ F (gt_lt _ _ G))), G. auto.
    + rewrite F, G. auto.
    + rewrite G, (lt_gt _ _ (lex_trans _ _ _ G (gt_lt _ _ F))), F. auto.
    + rewrite F, G. f_equal. apply IH.
Qed.

Lemma add_twice f s facts : add f s (add f s facts) = add f s facts.
Proof.
  assert (best s s = s /\ forall k, best (best k s) s = best k s) as [B1 B2].
  { split; [destruct s | destruct k, s]; reflexivity. }
  induction facts as [|[g k] more IH]; simpl; [| destruct (lex (key f) (key g)) eqn:E; simpl];
    rewrite ?E, ?lex_refl, ?B1, ?B2, ?IH; auto.
Qed.

Lemma told_dec (a b : Fact * Standing) : {a = b} + {a <> b}.
Proof. repeat decide equality. Qed.

(** Whatever comes of an order comes of the set of what was told: neither its order nor repeats matter. *)
Theorem facts_are_a_set told again :
  (forall t, In t told <-> In t again) -> facts_of told = facts_of again.
Proof.
  assert (once : forall t l, In t l -> facts_of (t :: l) = facts_of l).
  { intros t l. induction l as [|u l IH]; simpl; [tauto|]. intros [->|H].
    - apply add_twice.
    - rewrite add_comm. f_equal. apply IH, H. }
  assert (perm : forall a b, Permutation a b -> facts_of a = facts_of b).
  { induction 1; simpl; [auto | f_equal; auto | apply add_comm | congruence]. }
  assert (dedup : forall l, facts_of l = facts_of (nodup told_dec l)).
  { induction l as [|t l IH]; [auto|]. simpl nodup. destruct (in_dec told_dec t l) as [H|H].
    - rewrite once; auto.
    - simpl. f_equal. apply IH. }
  intro same. rewrite (dedup told), (dedup again). apply perm, NoDup_Permutation; try apply NoDup_nodup.
  intro t. rewrite !nodup_In. apply same.
Qed.

Theorem decision_is_order_free told again registered policy :
  (forall t, In t told <-> In t again) ->
  releasable (facts_of told) registered policy = releasable (facts_of again) registered policy.
Proof. intro same. rewrite (facts_are_a_set _ _ same). auto. Qed.

(** * Names are joined in any order *)

(** Names that some pairs make one. *)
Inductive one (pairs : list (N * N)) : N -> N -> Prop :=
  | one_refl n : one pairs n n
  | one_pair a b : In (a, b) pairs -> one pairs a b
  | one_sym a b : one pairs a b -> one pairs b a
  | one_trans a b c : one pairs a b -> one pairs b c -> one pairs a c.

Lemma one_more p pairs a b : one pairs a b -> one (p :: pairs) a b.
Proof. induction 1; eauto using one, in_cons. Qed.

Lemma joined_one pairs a b : joined pairs a = joined pairs b <-> one pairs a b.
Proof.
  revert a b. induction pairs as [|[id other] pairs IH]; intros a b; simpl.
  - split; [intros ->; constructor | induction 1; simpl in *; try tauto; congruence].
  - split.
    + assert (P : one ((id, other) :: pairs) id other) by (constructor; left; auto).
      destruct (N.eqb_spec (joined pairs a) (joined pairs other)), (N.eqb_spec (joined pairs b) (joined pairs other)); intro H;
        repeat match goal with H : joined pairs _ = joined pairs _ |- _ => apply IH, (one_more (id, other)) in H end;
        eauto using one.
    + induction 1 as [n|a b [E|I]|a b H IH'|a b c H1 I1 H2 I2]; auto; try congruence.
      * injection E as -> ->. destruct (_ =? _); rewrite ?N.eqb_refl; auto.
      * assert (joined pairs a = joined pairs b) as ->; [|auto]. apply IH. constructor. auto.
Qed.

Lemma least_of l : match least l with None => l = [] | Some m => In m l /\ forall n, In n l -> m <= n end.
Proof.
  induction l as [|n l IH]; simpl; [auto|]. destruct (least l) as [m|]; simpl.
  - destruct IH as [I L]. split.
    + destruct (N.min_spec n m) as [[_ ->]|[_ ->]]; auto.
    + intros k [<-|K]; [lia|]. specialize (L k K). lia.
  - subst. split; auto. intros k [<-|[]]. lia.
Qed.

(** The name of a share is the least id that the pairs make one with it, whatever their order: in which they are joined, or how often. *)
Theorem joined_is_least pairs name :
  (exists other, one pairs name other /\ In other (map fst pairs)) ->
  one pairs name (joined_name pairs name) /\ In (joined_name pairs name) (map fst pairs)
  /\ forall id, In id (map fst pairs) -> one pairs name id -> joined_name pairs name <= id.
Proof.
  intros (other & O & I). unfold joined_name.
  assert (F : forall id, In id (filter (fun id => joined pairs id =? joined pairs name) (map fst pairs)) <->
      In id (map fst pairs) /\ one pairs name id).
  { intro id. rewrite filter_In, N.eqb_eq. split; intros [A B]; split; auto; [|symmetry]; apply joined_one; auto. }
  assert (L := least_of (filter (fun id => joined pairs id =? joined pairs name) (map fst pairs))).
  destruct (least _) as [m|].
  - destruct L as [L1 L2]. apply F in L1. destruct L1. split; [auto|]. split; [auto|]. intros id A B. apply L2, F. auto.
  - exfalso. assert (X : In other []) by (rewrite <- L; apply F; auto). inversion X.
Qed.

Theorem names_are_order_free pairs again name :
  (forall p, In p pairs <-> In p again) -> joined_name pairs name = joined_name again name.
Proof.
  intro same. assert (One : forall p q, (forall x, In x p -> In x q) -> forall a b, one p a b -> one q a b)
    by (induction 2; eauto using one).
  assert (Fst : forall p q : list (N * N), (forall x, In x p -> In x q) -> forall n, In n (map fst p) -> In n (map fst q)).
  { intros p q H n I. apply in_map_iff in I. destruct I as (x & <- & I). apply in_map, H, I. }
  assert (to : forall x, In x pairs -> In x again) by (intro; apply same).
  assert (from : forall x, In x again -> In x pairs) by (intro; apply same).
  assert (none : forall p, least (filter (fun id => joined p id =? joined p name) (map fst p)) = None -> joined_name p name = name)
    by (intros p H; unfold joined_name; rewrite H; auto).
  assert (some : forall p m, least (filter (fun id => joined p id =? joined p name) (map fst p)) = Some m ->
      exists other, one p name other /\ In other (map fst p)).
  { intros p m H. assert (L := least_of (filter (fun id => joined p id =? joined p name) (map fst p))). rewrite H in L.
    destruct L as [L _]. apply filter_In in L. destruct L as [L E]. apply N.eqb_eq in E. exists m. split; auto. apply joined_one. auto. }
  assert (le : forall p q, (forall x, In x p -> In x q) -> (forall x, In x q -> In x p) ->
      (exists other, one p name other /\ In other (map fst p)) -> joined_name q name <= joined_name p name).
  { intros p q pq qp E. destruct (joined_is_least p name E) as (A & B & _). destruct E as (o & E1 & E2).
    destruct (joined_is_least q name) as (_ & _ & C); [exists o; split; [apply (One p q pq), E1 | apply (Fst p q pq), E2]|].
    apply C; [apply (Fst p q pq), B | apply (One p q pq), A]. }
  destruct (least (filter (fun id => joined pairs id =? joined pairs name) (map fst pairs))) as [m|] eqn:P,
    (least (filter (fun id => joined again id =? joined again name) (map fst again))) as [n|] eqn:Q.
  - apply N.le_antisymm; eauto.
  - destruct (some _ _ P) as (o & E1 & E2). exfalso. assert (L := least_of (filter (fun id => joined again id =? joined again name) (map fst again))).
    rewrite Q in L. assert (X : In o []); [rewrite <- L; apply filter_In; split; [apply (Fst _ _ to), E2 | apply N.eqb_eq]|inversion X].
    symmetry. apply joined_one, (One _ _ to), E1.
  - destruct (some _ _ Q) as (o & E1 & E2). exfalso. assert (L := least_of (filter (fun id => joined pairs id =? joined pairs name) (map fst pairs))).
    rewrite P in L. assert (X : In o []); [rewrite <- L; apply filter_In; split; [apply (Fst _ _ from), E2 | apply N.eqb_eq]|inversion X].
    symmetry. apply joined_one, (One _ _ from), E1.
  - rewrite (none _ P), (none _ Q). auto.
Qed.
